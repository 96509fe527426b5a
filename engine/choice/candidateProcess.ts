import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CandidateAnswer, CandidateTask } from './candidateTask.ts';

/** Loading CUDA's libraries for the first time takes many seconds; a driver that hangs takes forever. */
export const CANDIDATE_LIMIT_MS = 60_000;

/**
 * Has one backend try itself in a process that is thrown away, so that a driver that crashes, hangs or computes
 * nonsense harms nobody. Never rejects but when `signal` is aborted, with its reason.
 * @param limit milliseconds after which the process is killed
 */
export async function tryCandidate(
  task: CandidateTask,
  signal?: AbortSignal,
  limit = CANDIDATE_LIMIT_MS,
): Promise<CandidateAnswer> {
  signal?.throwIfAborted();
  const child = fork(candidateFile(), [], {
    execArgv: [],
    serialization: 'advanced',
    // Native libraries print what they find; what counts comes in the answer.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const kill = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    kill();
  }, limit);
  try {
    const answer = await new Promise<CandidateAnswer>(resolve => {
      child.once('message', message => resolve(message as CandidateAnswer));
      child.once('error', error => resolve({ refused: `its process did not start: ${error.message}` }));
      child.once('exit', (code, end) => resolve({ refused: endOf(code, end, late, limit) }));
      child.send(task, error => {
        if (error) resolve({ refused: `its process could not be told what to do: ${error.message}` });
      });
    });
    signal?.throwIfAborted();
    return answer;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', kill);
    // A driver may hang or crash on its way out.
    kill();
  }
}

function endOf(code: number | null, end: NodeJS.Signals | null, late: boolean, limit: number): string {
  if (late) return `no answer in ${Math.round(limit / 1000)} s`;
  return `it crashed when it was tried (${end ? `signal ${end}` : `exit code ${code}`})`;
}

/** The process beside the bundle; the sources use the bundle that was built from them. */
function candidateFile(): string {
  const beside = join(import.meta.dirname, 'candidate.cjs');
  return existsSync(beside) ? beside : join(import.meta.dirname, '..', '..', 'dist', 'candidate.cjs');
}
