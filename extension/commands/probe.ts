import * as vscode from 'vscode';
import type { Probe } from '../../engine/protocol/index.ts';
import { sameProbe } from '../state/probes.ts';
import { grouped, probability } from '../training/figures.ts';
import { formatProbe, parseProbe, proposeProbe } from '../training/probeText.ts';
import type { CommandContext } from './commandContext.ts';

/** Asks for a probe, keeps it and scores it. @param given a probe to begin with; one that is kept is replaced */
export async function probe(
  { store, engine, trainer, pinned }: CommandContext,
  given: unknown,
): Promise<void> {
  const start = isProbe(given) ? given : undefined;
  const known = start && store.snapshot.probes.find(entry => sameProbe(entry.probe, start));
  const old = known?.probe;
  const text = await vscode.window.showInputBox({
    title: old ? 'Edit Probe' : 'Probe',
    prompt: 'PROMPT => ANSWER: how probable is the answer after the prompt?',
    placeHolder: 'Mira Halloway was born in => Lisbon',
    value: start ? formatProbe(start) : selectedProposal(),
    ignoreFocusOut: true,
    validateInput: value => {
      const parsed = parseProbe(value);
      return typeof parsed === 'string' ? parsed : undefined;
    },
  });
  const wanted = text === undefined ? undefined : parseProbe(text);
  if (wanted === undefined || typeof wanted === 'string') return;
  if (old && known?.pinned) await pinned.replace(old, wanted);
  else if (old) store.replaceProbe(old, wanted);
  else store.putProbe({ probe: wanted });
  if (trainer.busy) {
    await vscode.window.showInformationMessage(
      'The probe is kept. It can be scored when the training has ended.',
    );
    return;
  }
  const [score] = await vscode.window.withProgress(
    { location: { viewId: 'hopescope.probes' }, title: 'Scoring the probe' },
    () => engine.scoreProbes([wanted]),
  );
  store.putProbe({ probe: wanted, score });
  await vscode.window.showInformationMessage(
    `p(“${wanted.answer.trim()}”) = ${probability(score.probability)}, rank ${grouped(score.rank)}, ${score.tokens === 1 ? '1 token' : `${score.tokens} tokens`}.`,
  );
}

function selectedProposal(): string {
  const editor = vscode.window.activeTextEditor;
  return editor && !editor.selection.isEmpty ? proposeProbe(editor.document.getText(editor.selection)) : '';
}

function isProbe(value: unknown): value is Probe {
  if (typeof value !== 'object' || value === null) return false;
  const { prompt, answer } = value as Partial<Probe>;
  return typeof prompt === 'string' && typeof answer === 'string';
}
