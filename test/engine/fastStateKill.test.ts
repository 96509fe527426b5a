import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Session } from '../../engine/session/session.ts';
import { makeTinyModel } from '../support/tinyModel.ts';
import { Bench, Recording, trainRequest } from '../support/tinySession.ts';

const PROGRAM = fileURLToPath(new URL('../support/killedWrite.ts', import.meta.url));
const KILLS = 12;

let bench: Bench;
let session: Session;
let newer: string;
beforeAll(async () => {
  bench = await Bench.make();
  session = await bench.session();
  await session.train(trainRequest(), new Recording(3));
  await session.saveFastState(bench.path('kept.hopestate'));
  await session.train(trainRequest(), new Recording(5));
  newer = bench.path('newer.hopestate');
  await session.saveFastState(newer);
});
afterAll(() => bench.dispose());

/** Has a process write the newer state over the kept one and die after so many bytes. @returns what ended it */
function killedAfter(bytes: number, target: string): Promise<NodeJS.Signals | number | null> {
  const words = ['--experimental-transform-types', '--no-warnings', PROGRAM, newer, target, String(bytes)];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise(resolve => child.once('exit', (code, signal) => resolve(signal ?? code)));
}

test('a kill at any byte of a write leaves the old fast state whole', async () => {
  const kept = bench.path('kept.hopestate');
  const before = readFileSync(kept);
  const { size } = statSync(newer);
  const leftovers = () => readdirSync(bench.folder).filter(name => name.endsWith('.tmp'));
  for (let i = 0; i <= KILLS; i++) {
    // In the length field, in the header, in the values, and when all of it is written but has no name yet.
    const bytes = i < 3 ? [0, 5, 700][i] : Math.round((size * (i - 2)) / (KILLS - 2));
    expect(await killedAfter(bytes, kept), `after ${bytes} bytes`).toBe('SIGKILL');
    const [left, ...more] = leftovers();
    expect(more).toEqual([]);
    expect(statSync(bench.path(left)).size, 'what was written when it was killed').toBe(bytes);
    rmSync(bench.path(left));
    expect(readFileSync(kept).equals(before), `whole after ${bytes} of ${size} bytes`).toBe(true);
  }
  const { updates } = await session.loadFastState(kept);
  expect(updates).toBe(3);
});

test('a fast state that was cut short by other means is refused wherever it ends, and changes nothing', async () => {
  const cut = bench.path('cut.hopestate');
  const whole = readFileSync(newer);
  await session.loadFastState(newer);
  for (let i = 0; i < 40; i++) {
    writeFileSync(cut, whole.subarray(0, Math.floor((whole.length * i) / 40)));
    await expect(session.loadFastState(cut)).rejects.toThrow(/cut\.hopestate/);
  }
  const again = bench.path('again.hopestate');
  await session.saveFastState(again);
  expect(readFileSync(again).equals(whole)).toBe(true);
});

test('on another base it is refused with both hashes', async () => {
  const other = bench.path('other');
  await makeTinyModel(other, { seed: 2 });
  await session.load(other);
  const words =
    /belongs to another model: its base has SHA-256 ([0-9a-f]{64}), the loaded one ([0-9a-f]{64})/;
  const { message } = (await session.loadFastState(newer).catch(error => error)) as Error;
  const [, theirs, ours] = words.exec(message) ?? [];
  expect(theirs, message).toBeTruthy();
  expect(theirs).not.toBe(ours);
});
