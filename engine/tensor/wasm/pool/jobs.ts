import { chunkGradient, writeChunk } from './chunkJobs.ts';
import type { Job } from './job.ts';
import { batchMatMul, matMulColumns } from './productJobs.ts';
import { readMemory, readMemoryGradient } from './readJobs.ts';

const named = { writeChunk, chunkGradient, readMemory, readMemoryGradient, batchMatMul, matMulColumns };

export type JobName = keyof typeof named;

/** Jobs travel between threads as their place here. */
export const JOBS: readonly Job[] = Object.values(named);

export function placeOf(name: JobName): number {
  return JOBS.indexOf(named[name]);
}
