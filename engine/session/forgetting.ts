import { forgettingOf } from '../introspect/forgetting.ts';
import { interference } from '../introspect/interference.ts';
import type {
  Forgetting,
  Interference,
  InterferenceReport,
  InterferenceRequest,
} from '../protocol/forgetting.ts';
import type { Probe } from '../protocol/probe.ts';
import type { RunProbe } from '../protocol/runInfo.ts';
import { breathOrStop } from './breath.ts';
import { EngineError } from './engineError.ts';
import type { InspectedRun } from './inspectedRun.ts';
import { withRun } from './runReading.ts';

const MOST_RUNS = 1000;

/** What a stretch of a run did to facts, predicted to first order and measured. */
export async function readInterference(
  run: InspectedRun,
  { from, to, probes }: InterferenceRequest,
): Promise<InterferenceReport> {
  run.checkRange(from, to);
  run.refuseUnavailable();
  const scorers = probes.map(probe => run.scorer(probe));
  const [before, after] = [await run.weightsAt(from), await run.weightsAt(to)];
  const levels = run.levelIds;
  const facts: Interference[] = [];
  for (const scorer of scorers) {
    facts.push(interference(scorer, run.model.base.specs, levels, before, after));
    await breathOrStop(run.cancelled, 'The interference');
  }
  return { levels, facts };
}

/** Forgetting among the probes that were scored in every one of these runs, from the scores in their files alone. */
export async function readForgetting(paths: readonly string[]): Promise<Forgetting> {
  if (paths.length === 0 || paths.length > MOST_RUNS) {
    throw new EngineError('bad-input', `${paths.length} runs were named.`, `Name 1 to ${MOST_RUNS}.`);
  }
  const runs: { probes: readonly RunProbe[]; updates: number }[] = [];
  for (const path of paths) {
    runs.push(
      await withRun(path, reader => ({ probes: reader.details().probes, updates: reader.updatesCount })),
    );
  }
  const scored = (run: (typeof runs)[number], probe: Probe) =>
    run.probes.find(
      each => each.prompt === probe.prompt && each.answer === probe.answer && each.scores.length > 0,
    );
  const shared = runs[0].probes.filter(probe => runs.every(run => scored(run, probe)));
  if (shared.length === 0) {
    const where = paths.length === 1 ? 'The run has' : 'The runs have in common';
    throw new EngineError(
      'bad-input',
      `${where} no probe that was scored.`,
      'Train with probes, then try again.',
    );
  }
  const ends: number[] = [];
  const facts = shared.map(() => ({ updates: [] as number[], scores: [] as number[] }));
  let offset = 0;
  for (const run of runs) {
    shared.forEach((probe, i) => {
      for (const { updates, meanLogProbability } of scored(run, probe)!.scores) {
        facts[i].updates.push(offset + updates);
        facts[i].scores.push(meanLogProbability);
      }
    });
    ends.push(facts[0].updates.length - 1);
    offset += run.updates;
  }
  const probes = shared.map(({ prompt, answer }) => ({ prompt, answer }));
  try {
    return { probes, report: forgettingOf(facts, runs.length > 1 ? [0, ...ends] : undefined) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new EngineError('bad-input', `There is no forgetting matrix: ${error.message}.`);
  }
}
