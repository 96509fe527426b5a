// One tick of online training of the bundled model on each backend, against wasm in the same round.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { compared, median } from './statistics.mjs';

const ROUNDS = 3;

/** Against wasm; TensorFlow is among them where `npm test` has built it. */
export async function measureBackends() {
  const home = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  try {
    await symlink(resolve('.native/installed'), join(home, 'native'));
    const measured = new Map();
    for (let round = 0; round < ROUNDS; round++) {
      for (const { label, ...times } of await measureOnce(home)) {
        measured.set(label, [...(measured.get(label) ?? []), times]);
      }
    }
    return [...measured].map(([label, rounds]) => {
      const value = median(rounds.map(({ own }) => own));
      const wasm = median(rounds.map(({ wasm }) => wasm));
      const ratio = median(rounds.map(({ own, wasm }) => own / wasm));
      const baseline = { name: 'wasm', value: wasm, ratio };
      return compared(`one tick of hope-mini on ${label}`, { value, unit: 'ms', digits: 2 }, baseline);
    });
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
    .map(({ label, milliseconds }) => ({ label, own: milliseconds, wasm: wasm.milliseconds }));
}
