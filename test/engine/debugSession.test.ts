import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { decodeFrame } from '../../engine/protocol/frame.ts';
import { EngineClient } from '../../extension/engine/engineClient.ts';
import { Debugged } from '../support/debugged.ts';
import { makeTinyModel, TINY_TEXT } from '../support/tinyModel.ts';
import { Bench } from '../support/tinySession.ts';

// The debug adapter on a real engine process; what the debugger itself does is tested with a stand-in.
const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const modulePath = fileURLToPath(new URL('../../dist/engine.cjs', import.meta.url));

let bench: Bench;
let client: EngineClient;
let debugged: Debugged;
let runs = 0;
let pid = 0;
beforeAll(async () => {
  bench = await Bench.make();
}, 60_000);
afterAll(() => bench.dispose());
afterEach(async () => {
  await debugged.stop();
  await client.stop();
});

async function start(folder = bench.model): Promise<string> {
  const command = { modulePath, execPath: process.execPath, env: process.env, backend: 'wasm' };
  client = new EngineClient(() => command, quiet);
  client.onDidStart(info => {
    pid = info.pid;
  });
  const model = await client.loadModel(folder);
  const runPath = bench.path(`debug-${++runs}.hoperun`);
  debugged = await Debugged.start({ engine: client, model, text: TINY_TEXT, runPath });
  client.onDidStop(cause => debugged.stepper?.fail(cause));
  return runPath;
}

const norms = async () =>
  JSON.stringify((await client.describe()).map(({ name, norm, delta }) => [name, norm, delta]));
const cursor = () => debugged.stepper!.cursor;

it('steps forwards and backwards through a training, every state and probe the same each time', async () => {
  await start();
  await debugged.launch({ probes: ['Mira Halloway was born in => Lisbon'] });
  const states: [string, string][] = [];
  const look = async (): Promise<[string, string]> => [
    await norms(),
    await debugged.evaluate('p("Lisbon" | "Mira Halloway was born in")'),
  ];
  for (let i = 0; i < 20; i++) {
    states.push(await look());
    await debugged.press('next');
  }
  expect(new Set(states.map(([state]) => state)).size).toBe(20);
  for (let i = 19; i >= 0; i -= 1) {
    await debugged.press('stepBack');
    expect(cursor()).toBe(i);
    expect(await look()).toEqual(states[i]);
  }
  await debugged.press('next');
  expect(await look()).toEqual(states[1]);
});

it('stops at lines, conditions and data of the real training, and ends where the cursor is', async () => {
  const runPath = await start();
  await debugged.launch({ epochs: 2 }, [{ line: 3 }]);
  expect((await debugged.press('continue')).reason).toBe('breakpoint');
  const [frame] = await debugged.frames();
  expect(frame.line).toBeLessThanOrEqual(3);
  expect(frame.endLine).toBe(3);
  const atLine = cursor();

  await debugged.setBreakpoints([]);
  await debugged.client.setFunctionBreakpointsRequest({ breakpoints: [{ name: "fired('cms.2')" }] });
  expect((await debugged.press('continue')).reason).toBe('function breakpoint');
  expect((cursor() * 4) % 64).toBe(0);
  expect(await debugged.evaluate('drift("cms.2") > 0')).toBe('true');

  await debugged.client.setFunctionBreakpointsRequest({ breakpoints: [] });
  const tensor = (await client.describe()).find(({ level, block }) => level === 'cms.1' && block === 1)!;
  await debugged.client.setDataBreakpointsRequest({ breakpoints: [{ dataId: `tensor ${tensor.name}` }] });
  const before = cursor();
  expect((await debugged.press('continue')).reason).toBe('data breakpoint');
  expect(cursor()).toBe(before + 8);
  await debugged.press('reverseContinue');
  expect(cursor()).toBe(before);
  expect(before).toBeGreaterThan(atLine);

  const here = await norms();
  const terminated = debugged.client.waitForEvent('terminated');
  await debugged.client.terminateRequest();
  await terminated;
  expect(await norms()).toBe(here);
  const updates = decodeFrame(await client.readUpdates(runPath, 0, 10_000));
  expect(updates).toHaveLength(before + 8);
  expect(client.model?.updates).toBe(before);
});

it('shows the engine’s own numbers: surprise of each token, metrics, tensors', async () => {
  const runPath = await start();
  await debugged.launch({ stopOnEntry: true });
  expect((await debugged.press('stepOut')).description).toBe('cms.2 was updated');
  const [update] = decodeFrame(await client.readUpdates(runPath, cursor() - 1, 1));
  const tokens = await debugged.variables('Last Update', 'tokens');
  expect(tokens.map(({ value }) => Number.parseFloat(value))).toEqual(
    Array.from(update.surprise, surprise => Number(surprise.toPrecision(6))),
  );
  const tensors = await client.describe();
  const rows = (await debugged.variables('Levels', 'cms.2', 'block 0')).filter(({ value }) =>
    value.includes('F32'),
  );
  const expected = tensors.filter(({ level, block }) => level === 'cms.2' && block === 0);
  expect(rows.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
  expect(expected.every(({ delta }) => delta > 0)).toBe(true);
});

it('ends the session with its engine, which comes back with the recorded updates', async () => {
  await start();
  await debugged.launch({ epochs: 50 });
  await debugged.press('next');
  await debugged.press('next');
  const returned = new Promise<number | undefined>(resolve =>
    client.onDidReturn(({ restored }) => resolve(restored?.updates)),
  );
  const terminated = debugged.client.waitForEvent('terminated');
  await debugged.client.continueRequest({ threadId: 1 });
  process.kill(pid, 'SIGKILL');
  await terminated;
  expect(debugged.output.join('')).toContain(
    'The engine stopped (signal SIGKILL). What was recorded is kept',
  );
  expect(debugged.closed).toBe(1);
  expect(await returned).toBeGreaterThanOrEqual(cursor());
  expect(cursor()).toBeGreaterThanOrEqual(2);
});

it('diverges in words, keeps what came before, and can go back', async () => {
  const wild = bench.path('wild');
  await makeTinyModel(wild, { config: { learning_rates: { 'cms.0': 1e25 } } });
  await start(wild);
  await debugged.launch();
  const stop = await debugged.press('continue');
  expect(stop).toMatchObject({ reason: 'exception' });
  expect(stop.text).toMatch(/^Training stopped at token \d+/);
  const at = cursor();
  await debugged.press('stepBack');
  expect(cursor()).toBe(at - 1);
});
