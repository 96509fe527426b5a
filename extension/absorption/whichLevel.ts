import * as vscode from 'vscode';
import { type Probe, type RunInfo, writeProbeText } from '../../engine/protocol/index.ts';
import { randomName } from '../randomName.ts';
import { runUri } from '../runs/runsFolder.ts';
import type { FactReport } from '../state/factReport.ts';
import type { AbsorptionServices } from './absorptionServices.ts';
import { askProbe, selectedFact } from './askFact.ts';
import { type Question, refineQuestion } from './question.ts';
import { summary } from './reportText.ts';

/** What an absorption costs: random deltas a level, and points of the path integral. */
const CONTROLS = 24;
const PATH_POINTS = 12;
const SEED = 1;

/** What a caller may have decided already. */
export interface Given {
  readonly fact?: Probe;
  readonly path?: string;
  readonly from?: number;
  readonly to?: number;
}

/** Asks which level's change a fact's gain in a run is owed to, and shows the answer. */
export async function whichLevel(
  services: AbsorptionServices,
  given: Given,
): Promise<FactReport | undefined> {
  const { engine, store, trainer } = services;
  if (trainer.busy) {
    await vscode.window.showInformationMessage(
      'Which level learned this can be asked when the training has ended.',
    );
    return undefined;
  }
  const run = await runOf(services, given.path);
  if (!run) {
    const train = 'Train on Selection';
    const text = 'There is no run to ask about. Train on a text with the fact first.';
    const choice = await vscode.window.showInformationMessage(text, train);
    if (choice === train) await vscode.commands.executeCommand('hopescope.train');
    return undefined;
  }
  const value = given.fact ? writeProbeText(given.fact) : selectedFact(vscode.window.activeTextEditor);
  const fact = await askProbe('Which Level Learned This?', 'The fact as PROMPT => ANSWER', value);
  if (!fact) return undefined;
  const from = given.from ?? 0;
  const start: Question = { fact, paraphrases: [], neighbours: [], from, to: given.to ?? run.updates };
  const known = store.snapshot.probes.map(({ probe }) => probe);
  const question = await refineQuestion(start, run, known);
  if (!question) return undefined;
  const report = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: 'Which level learned this?',
      cancellable: true,
    },
    (progress, token) => {
      let shown = 0;
      const { paraphrases, neighbours } = question;
      const request = {
        ...{ token: randomName(8), path: run.path, fact, paraphrases, neighbours },
        ...{ from: question.from, to: question.to },
        ...{ controls: CONTROLS, seed: SEED, pathPoints: PATH_POINTS },
      };
      return engine.absorb(
        request,
        ({ done, total }) => {
          const percent = Math.floor((100 * done) / total);
          progress.report({ message: `${percent} %`, increment: Math.max(0, percent - shown) });
          shown = Math.max(shown, percent);
        },
        token,
      );
    },
  );
  const { paraphrases, neighbours } = question;
  const answer: FactReport = { path: run.path, title: run.title, fact, paraphrases, neighbours, report };
  store.report(answer);
  await show(services, answer);
  return answer;
}

/** The Timeline of the run shows it where one is open; as a text it can be had in any case. */
async function show({ documents, timelines }: AbsorptionServices, answer: FactReport): Promise<void> {
  const text = summary(answer.report);
  if (timelines.active?.path !== answer.path || !timelines.active.panel.visible) {
    await documents.show(answer);
    void vscode.window.showInformationMessage(text, 'Show Timeline').then(choice => {
      if (choice) void timelines.open(answer.path);
    });
    return;
  }
  void vscode.window.showInformationMessage(text, 'Show as Text').then(choice => {
    if (choice) void documents.show(answer);
  });
}

/** The run named, that of the Timeline in front, the current one, or the newest with an update. */
async function runOf(
  { engine, store, context, catalog, timelines }: AbsorptionServices,
  path: string | undefined,
): Promise<RunInfo | undefined> {
  const active = timelines.active?.panel.active ? timelines.active.path : undefined;
  const { run } = store.snapshot;
  const current = run && run.updates > 0 ? runUri(context, run.id).fsPath : undefined;
  const chosen = path ?? active ?? current;
  if (chosen !== undefined) return engine.request('DescribeRun', { path: chosen });
  const newest = await catalog.list(20);
  return newest.find(({ info }) => info && info.updates > 0)?.info;
}
