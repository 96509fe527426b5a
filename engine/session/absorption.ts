import { absorb } from '../introspect/absorption.ts';
import { CancelledError } from '../introspect/pace.ts';
import type { AbsorptionReport, AbsorptionRequest } from '../protocol/absorption.ts';
import { EngineError } from './engineError.ts';
import type { InspectedRun } from './inspectedRun.ts';

const FEWEST_CONTROLS = 20;
const MOST_CONTROLS = 1000;
const FEWEST_POINTS = 8;
const MOST_POINTS = 64;
const MOST_PROBES = 100;
/** Moments of the hand-over; of more boundaries an even choice is taken. */
const MOST_MOMENTS = 12;

/** Which level's change a fact's gain is owed to. @throws EngineError on a request that makes no sense, or cancelled */
export async function absorbFact(
  run: InspectedRun,
  request: AbsorptionRequest,
  progress: (done: number, total: number) => void,
): Promise<AbsorptionReport> {
  const { from, to, fact, paraphrases, neighbours, controls, seed, pathPoints } = request;
  checkRequest(request);
  run.checkRange(from, to);
  run.checkPlayers();
  run.refuseUnavailable();
  // Probes are refused before anything long begins.
  const scorers = {
    fact: run.scorer(fact),
    paraphrases: paraphrases.map(probe => run.scorer(probe)),
    neighbours: neighbours.map(probe => run.scorer(probe)),
  };
  const spans = await run.spans(from, to);
  const { base } = run.model;
  const input = {
    ...{ from, to, controls, seed, pathPoints, ...scorers },
    levels: spans,
    blocks: base.config.blocks,
    tensors: base.specs.filter(spec => spec.level !== 'outer'),
    stateAt: (updates: number) => run.weightsAt(updates),
    moments: momentsOf(
      spans.map(({ firings }) => firings),
      to,
    ),
  };
  try {
    return await absorb(input, { cancelled: run.cancelled, progress });
  } catch (error) {
    if (error instanceof CancelledError) throw new EngineError('bad-input', 'The report was cancelled.');
    throw error;
  }
}

/** Updates of the slowest level that made more than one, at most twelve and the last state among them. */
function momentsOf(firings: readonly (readonly number[])[], to: number): number[] {
  const slowest = firings.findLast(each => each.length > 1) ?? [];
  const boundaries = slowest.at(-1) === to ? [...slowest] : [...slowest, to];
  if (boundaries.length <= MOST_MOMENTS) return boundaries;
  const last = boundaries.length - 1;
  return Array.from(
    { length: MOST_MOMENTS },
    (_, i) => boundaries[Math.round((i * last) / (MOST_MOMENTS - 1))],
  );
}

function checkRequest({ controls, pathPoints, seed, paraphrases, neighbours }: AbsorptionRequest): void {
  const whole = (value: number, least: number, most: number) =>
    Number.isSafeInteger(value) && value >= least && value <= most;
  const refuse = (message: string, remedy: string): never => {
    throw new EngineError('bad-input', message, remedy);
  };
  if (!whole(controls, FEWEST_CONTROLS, MOST_CONTROLS)) {
    refuse(
      `controls is ${controls}.`,
      `It must be a whole number from ${FEWEST_CONTROLS} to ${MOST_CONTROLS}.`,
    );
  }
  if (pathPoints !== 0 && !whole(pathPoints, FEWEST_POINTS, MOST_POINTS)) {
    refuse(`pathPoints is ${pathPoints}.`, `It must be 0 or from ${FEWEST_POINTS} to ${MOST_POINTS}.`);
  }
  if (!whole(seed, 0, 2 ** 32 - 1)) refuse(`seed is ${seed}.`, 'It must be a whole number of 32 bits.');
  if (paraphrases.length + neighbours.length > MOST_PROBES) {
    refuse('There are too many probes beside the fact.', `Give at most ${MOST_PROBES}.`);
  }
}
