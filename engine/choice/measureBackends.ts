import {
  BACKEND_NAMES,
  type BackendName,
  type BackendTiming,
  type BackendVerdict,
} from '../protocol/backend.ts';
import { type BackendOptions, candidates } from '../tensor/candidates.ts';
import { tryCandidate } from './candidateProcess.ts';
import type { CandidateAnswer } from './candidateTask.ts';

export interface MeasureOptions extends BackendOptions {
  /** Backends to try; all by default. */
  readonly names?: readonly BackendName[];
  /** Stops at once; what was measured until then is lost. */
  readonly signal?: AbortSignal;
  /** Milliseconds for each backend. */
  readonly limit?: number;
  onTiming?(timing: BackendTiming): void;
}

/** Two backends round otherwise; a wrong kernel is off by far more. Relative to 1 + loss, in nats. */
const TOLERANCE = 1e-3;

/**
 * Tries every backend on a model, each in a process of its own, one after another so that they do not take the cores
 * from each other. A backend whose loss is not that of the others is refused however fast it is.
 * @param model folder of the model @throws the reason of `signal` when it is aborted
 */
export async function measureBackends(model: string, options: MeasureOptions = {}): Promise<BackendVerdict> {
  const { names = BACKEND_NAMES, signal, limit, onTiming, ...folders } = options;
  const { wasmFolder, nativeFolder, webgpuFolder, threads } = folders;
  const timings: BackendTiming[] = [];
  let reference: number | undefined;
  // What needs no driver comes first: it says what loss is right.
  for (const { name, title } of candidates.filter(each => names.includes(each.name)).reverse()) {
    const task = { backend: name, model, wasmFolder, nativeFolder, webgpuFolder, threads };
    const answer = await tryCandidate(task, signal, limit);
    if ('tick' in answer) reference ??= answer.tick?.loss;
    const timing = timingOf(name, title, answer, reference);
    timings.push(timing);
    onTiming?.(timing);
  }
  const measured = timings.filter(({ milliseconds }) => milliseconds !== undefined);
  const refused = timings.filter(({ milliseconds }) => milliseconds === undefined).reverse();
  measured.sort((a, b) => a.milliseconds! - b.milliseconds!);
  return { measuredAt: new Date().toISOString(), timings: [...measured, ...refused] };
}

function timingOf(name: BackendName, title: string, answer: CandidateAnswer, reference = 0): BackendTiming {
  if ('refused' in answer) return { name, label: title, refused: answer.refused };
  const { label, tick: { milliseconds, loss } = { milliseconds: 0, loss: Number.NaN } } = answer;
  if (Math.abs(loss - reference) <= TOLERANCE * (1 + reference)) return { name, label, milliseconds };
  return { name, label, refused: `it computes wrongly: a loss of ${loss} instead of ${reference}` };
}
