// Writes a file as the engine does, in pieces of some bytes, and kills its own process when so many are written.
import { readFileSync } from 'node:fs';
import { writeAtomically } from '../../engine/checkpoint/atomicFile.ts';

const [, , source, target, limit] = process.argv;
const bytes = readFileSync(source);

async function* pieces() {
  for (let at = 0; at < bytes.length; ) {
    if (at === Number(limit)) process.kill(process.pid, 'SIGKILL');
    const next = at < Number(limit) ? Math.min(Number(limit), at + 4096) : at + 4096;
    yield bytes.subarray(at, Math.min(next, bytes.length));
    at = Math.min(next, bytes.length);
  }
  // All bytes are there, and the name is still the old file's.
  process.kill(process.pid, 'SIGKILL');
}

await writeAtomically(target, pieces());
