import type { CandidateAnswer, CandidateTask } from './choice/candidateTask.ts';
import { tickTime } from './session/tickTime.ts';
import { openCandidate } from './tensor/backend.ts';

/** The throw-away process in which one backend is tried: it opens it, times a tick, answers and ends. */
process.once('message', async (task: CandidateTask) => {
  const answer = await attempt(task);
  process.send?.(answer, () => process.exit());
});
process.on('disconnect', () => process.exit());

async function attempt({ backend, model, ...options }: CandidateTask): Promise<CandidateAnswer> {
  try {
    const label = await openCandidate(backend, { ...options, hardwareOnly: true });
    return { label, tick: model === undefined ? undefined : await tickTime(model) };
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) };
  }
}
