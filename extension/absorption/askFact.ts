import * as vscode from 'vscode';
import type { Probe } from '../../engine/protocol/index.ts';
import { probeOf } from '../decorations/probeProposal.ts';
import { sameProbe } from '../state/probes.ts';
import { formatProbe, parseProbe, proposeProbe } from '../training/probeText.ts';

/** Asks for a probe as “PROMPT => ANSWER”; undefined when the user gives up. */
export async function askProbe(title: string, prompt: string, value = ''): Promise<Probe | undefined> {
  const text = await vscode.window.showInputBox({
    ...{ title, prompt, value, ignoreFocusOut: true },
    placeHolder: 'Mira Halloway was born in => Lisbon',
    validateInput: given => {
      const parsed = parseProbe(given);
      return typeof parsed === 'string' ? parsed : undefined;
    },
  });
  const probe = text === undefined ? undefined : parseProbe(text);
  return typeof probe === 'string' ? undefined : probe;
}

/** Asks for some of the known probes, or new ones; undefined when the user gives up. */
export async function askProbes(
  title: string,
  known: readonly Probe[],
  chosen: readonly Probe[],
): Promise<readonly Probe[] | undefined> {
  const all = [...known, ...chosen.filter(probe => !known.some(other => sameProbe(other, probe)))];
  const write = { label: '$(add) Write another probe…' };
  type Item = vscode.QuickPickItem & { readonly probe?: Probe };
  const items: Item[] = [
    ...all.map(probe => ({
      label: formatProbe(probe),
      probe,
      picked: chosen.some(other => sameProbe(other, probe)),
    })),
    write,
  ];
  const picked = await vscode.window.showQuickPick(items, {
    ...{ title, canPickMany: true, ignoreFocusOut: true },
    placeHolder: 'Any number of probes',
  });
  if (!picked) return undefined;
  const probes = picked.flatMap(({ probe }) => (probe ? [probe] : []));
  if (!picked.some(({ label }) => label === write.label)) return probes;
  const written = await askProbe(title, 'PROMPT => ANSWER');
  return written ? [...probes, written] : probes;
}

/**
 * A fact from what is selected in an editor: the last word as the answer. Where nothing is selected, the word at the
 * cursor as the answer after its sentence so far.
 */
export function selectedFact(editor: vscode.TextEditor | undefined): string {
  if (!editor) return '';
  const { document, selection } = editor;
  if (!selection.isEmpty) return proposeProbe(document.getText(selection));
  const at = document.offsetAt(selection.active);
  const from = Math.max(0, at - NEAR);
  const near = document.getText(new vscode.Range(document.positionAt(from), document.positionAt(at + NEAR)));
  const probe = probeOf(near, at - from, Math.min(near.length, at - from + 1));
  return probe ? formatProbe(probe) : '';
}

/** UTF-16 units looked at on each side of the cursor. */
const NEAR = 600;
