// One tick of online training of the bundled model on each backend, against wasm in the same round.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { median, row } from './statistics.mjs';

const ROUNDS = 3;

/** Ratios to wasm; TensorFlow is among them where `npm test` has built it. */
export async function measureBackends() {
  const home = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  try {
    await symlink(resolve('.native/installed'), join(home, 'native'));
    const ratios = new Map();
    for (let round = 0; round < ROUNDS; round++) {
      for (const { label, ratio } of await measureOnce(home)) {
        ratios.set(label, [...(ratios.get(label) ?? []), ratio]);
      }
    }
    return [...ratios].map(([label, values]) =>
      row(`one tick of hope-mini on ${label}, against wasm`, median(values), '× its time', 2),
    );
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function measureOnce(home) {
  const env = { ...process.env, HOPESCOPE_HOME: home };
  const args = ['dist/cli.cjs', 'backends', '--again', '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  const timings = JSON.parse(stdout).timings.filter(({ milliseconds }) => milliseconds);
  const wasm = timings.find(({ name }) => name === 'wasm');
  return timings
    .filter(timing => timing !== wasm)
    .map(({ label, milliseconds }) => ({ label, ratio: milliseconds / wasm.milliseconds }));
}
