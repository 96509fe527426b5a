import { afterEach, describe, expect, it } from 'vitest';
import { Debugged } from '../support/debugged.ts';
import { STAND_IN_LEVELS, SteppingStandIn } from '../support/steppingStandIn.ts';

// 16 words on 4 lines, 2 tokens an update: line 1 has tokens 0 to 3, the third line none, line 4 tokens 8 to 15.
const TEXT =
  'one two three four\nfive six seven eight\n\nnine ten eleven twelve thirteen fourteen fifteen sixteen';

let debugged: Debugged;
const start = async (engine = new SteppingStandIn()) => {
  const model = { blocks: 2, tick: 2, levels: STAND_IN_LEVELS };
  debugged = await Debugged.start({ engine, model, text: TEXT, runPath: '/runs/run.hoperun' });
  return engine;
};
afterEach(() => debugged.stop());

describe('stepping', () => {
  it('stops on entry, goes forward by an update, back by one, and not before the start', async () => {
    const engine = await start();
    expect(await debugged.launch()).toMatchObject({ reason: 'entry' });
    expect(await debugged.where()).toBe('update 1, tokens 0 to 1, pass 1');
    expect(await debugged.press('next')).toMatchObject({ reason: 'step' });
    const [frame] = await debugged.frames();
    expect(frame).toMatchObject({ name: 'update 2, tokens 2 to 3, pass 1', line: 1, column: 9 });
    expect(frame).toMatchObject({ endLine: 1, endColumn: 19, source: { path: '/texts/people.txt' } });
    expect(engine.cursor).toBe(1);
    await debugged.press('stepBack');
    expect(engine.cursor).toBe(0);
    expect(await debugged.press('stepBack')).toMatchObject({ reason: 'entry' });
  });

  it('steps into the levels of an update, fast to slow, and out again', async () => {
    const engine = await start();
    await debugged.launch();
    await debugged.press('next');
    await debugged.press('stepIn');
    expect((await debugged.frames()).map(({ name }) => name)).toEqual([
      'memory writes what it read in positions 2 to 3',
      'update 2, tokens 2 to 3, pass 1',
    ]);
    expect((await debugged.variables('memory')).find(({ name }) => name === 'rho')?.value).toBe('0.002');
    await debugged.press('stepIn');
    expect(await debugged.where()).toBe('cms.0 writes what it read in positions 0 to 3');
    await debugged.press('stepBack');
    expect(await debugged.where()).toContain('memory writes');
    await debugged.press('stepOut');
    expect(await debugged.where()).toBe('update 3, tokens 4 to 5, pass 1');
    expect(engine.cursor).toBe(2);
    await debugged.press('stepIn');
    await debugged.press('stepBack');
    expect(engine.cursor).toBe(2);
  });

  it('steps out to the next update of the slowest level', async () => {
    const engine = await start();
    await debugged.launch();
    expect(await debugged.press('stepOut')).toMatchObject({
      reason: 'step',
      description: 'cms.1 was updated',
    });
    expect(engine.cursor).toBe(4);
    await debugged.press('stepOut');
    expect(engine.cursor).toBe(8);
  });

  it('stops at the end, from where it can go back, and ends when told to go on', async () => {
    const engine = await start();
    await debugged.launch();
    expect(await debugged.press('continue')).toMatchObject({ reason: 'end' });
    expect(await debugged.where()).toBe('end, 8 updates');
    expect(await debugged.press('reverseContinue')).toMatchObject({ reason: 'entry' });
    expect(engine.cursor).toBe(0);
    await debugged.press('continue');
    const terminated = debugged.client.waitForEvent('terminated');
    await debugged.client.continueRequest({ threadId: 1 });
    await terminated;
    expect(engine.closed).toBe(true);
    expect(engine.cursor).toBe(8);
  });

  it('ends at the end at once when told not to stop there', async () => {
    await start();
    await debugged.configure({ stopOnEntry: false, stopAtEnd: false });
    const terminated = debugged.client.waitForEvent('terminated');
    await debugged.client.configurationDoneRequest();
    await terminated;
    expect(debugged.fresh.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('makes no update twice for the views, and jumps over recorded ones in one go', async () => {
    const engine = await start();
    await debugged.launch();
    await debugged.press('continue');
    await debugged.press('reverseContinue');
    engine.asked.length = 0;
    await debugged.press('continue');
    expect(engine.asked).toEqual(['to 8']);
    expect(debugged.fresh).toHaveLength(8);
  });

  it('restarts at the first update, and with another text as another session', async () => {
    const engine = await start();
    await debugged.launch();
    await debugged.press('next');
    expect(await debugged.press('restart')).toMatchObject({ reason: 'entry' });
    expect(engine.cursor).toBe(0);
    debugged.outdated = true;
    await debugged.press('next');
    expect(debugged.output.join('')).toContain('The text was edited since it was read');
    const terminated = debugged.client.waitForEvent('terminated');
    await debugged.client.restartRequest({});
    expect(await terminated).toMatchObject({ body: { restart: true } });
    expect([engine.cursor, engine.closed]).toEqual([0, true]);
  });

  it('can be paused', async () => {
    const engine = await start();
    await debugged.launch({ epochs: 5000 });
    await debugged.client.continueRequest({ threadId: 1 });
    expect(await debugged.refusal(debugged.client.nextRequest({ threadId: 1 }))).toContain('pause it first');
    const stopped = debugged.client.waitForEvent('stopped');
    await debugged.client.pauseRequest({ threadId: 1 });
    expect(await stopped).toMatchObject({ body: { reason: 'pause' } });
    expect(engine.cursor).toBeLessThan(40_000);
  });
});

describe('breakpoints', () => {
  it('stop before a line is trained on, in every pass; an empty line hands on to the next one', async () => {
    const engine = await start();
    await debugged.configure({ epochs: 2 });
    const [first, second, none] = await debugged.setBreakpoints([{ line: 2 }, { line: 3 }, { line: 9 }]);
    expect([first, second]).toMatchObject([
      { verified: true, line: 2 },
      { verified: true, line: 4 },
    ]);
    expect(none).toMatchObject({
      verified: false,
      message: 'The text that is trained on ends before this line.',
    });
    const entered = debugged.client.waitForEvent('stopped');
    await debugged.client.configurationDoneRequest();
    await entered;
    const cursors: number[] = [];
    for (let i = 0; i < 4; i++) {
      expect((await debugged.press('continue')).reason).toBe('breakpoint');
      cursors.push(engine.cursor);
    }
    expect(cursors).toEqual([2, 4, 10, 12]);
    const [frame] = await debugged.frames();
    expect(frame).toMatchObject({ line: 4, column: 1, name: 'update 13, tokens 8 to 9, pass 2' });
    expect((await debugged.press('reverseContinue')).reason).toBe('breakpoint');
    expect(engine.cursor).toBe(10);
  });

  it('stop at a place in a line', async () => {
    const engine = await start();
    await debugged.launch({}, [{ line: 4, column: 10 }]);
    await debugged.press('continue');
    expect(engine.cursor).toBe(5);
  });

  it('with a condition look at the updates that read their line', async () => {
    const engine = await start();
    await debugged.launch({}, [{ line: 4, condition: 'surprise < 4 and token > 0' }]);
    // Tokens 10 and 11 have surprise 0 and 1.
    expect(await debugged.press('continue')).toMatchObject({ reason: 'breakpoint' });
    expect(engine.cursor).toBe(6);
  });

  it('say what is wrong with a condition, a count or a message, and where', async () => {
    await start();
    await debugged.configure();
    const set = await debugged.setBreakpoints([
      { line: 1, condition: 'suprise > 6' },
      { line: 2, hitCondition: 'often' },
      { line: 4, logMessage: 'at {updat' },
    ]);
    expect(set.map(({ verified }) => verified)).toEqual([false, false, false]);
    expect(set[0].message).toBe('There is no “suprise”; did you mean surprise? (column 1)');
    expect(set[1].message).toBe('“often” is no hit count. Write 5, >= 3, < 10 or % 10.');
    expect(set[2].message).toBe('A brace is not closed (column 4)');
  });

  it('count hits, and go on counting when they are set again', async () => {
    const engine = await start();
    await debugged.launch({ epochs: 6 }, [{ line: 2, hitCondition: '% 2' }]);
    await debugged.press('continue');
    expect(engine.cursor).toBe(10);
    await debugged.press('next');
    await debugged.setBreakpoints([{ line: 2, hitCondition: '% 2' }, { line: 9 }]);
    await debugged.press('continue');
    expect(engine.cursor).toBe(26);
  });

  it('with a message print and do not stop', async () => {
    await start();
    await debugged.launch({}, [
      { line: 2, logMessage: 'update {update}: {surprise} {fired("cms.0")} \\{ok\\}' },
    ]);
    expect(await debugged.press('continue')).toMatchObject({ reason: 'end' });
    expect(debugged.output).toEqual(['update 3: 5 false {ok}\n', 'update 4: 7 true {ok}\n']);
    await debugged.press('reverseContinue');
    expect(debugged.output).toHaveLength(2);
  });

  it('on a condition anywhere stop where it holds', async () => {
    const engine = await start();
    await debugged.launch();
    const { body } = await debugged.client.setFunctionBreakpointsRequest({
      breakpoints: [{ name: 'fired("cms.1")' }, { name: 'fired(' }],
    });
    expect(body.breakpoints.map(({ verified }) => verified)).toEqual([true, false]);
    expect(await debugged.press('continue')).toMatchObject({ reason: 'function breakpoint' });
    expect(engine.cursor).toBe(4);
  });

  it('on a probe look at the memory of every update, also of recorded ones', async () => {
    const engine = await start();
    await debugged.launch();
    await debugged.press('continue');
    const name = 'p("Lisbon" | "born in") >= 0.75';
    await debugged.client.setFunctionBreakpointsRequest({ breakpoints: [{ name }] });
    await debugged.press('restart');
    await debugged.press('continue');
    expect(engine.cursor).toBe(3);
    await debugged.press('continue');
    expect(engine.cursor).toBe(4);
    await debugged.press('reverseContinue');
    expect(engine.cursor).toBe(3);
  });

  it('on data stop when a level, a block or a tensor changes', async () => {
    const engine = await start();
    await debugged.launch();
    const info = async (variablesReference: number, name: string) =>
      (await debugged.client.dataBreakpointInfoRequest({ variablesReference, name })).body;
    const levels = await debugged.reference('Levels');
    const level = await info(levels, 'cms.0');
    expect(level).toMatchObject({ dataId: 'level cms.0', accessTypes: ['write'], canPersist: true });
    const slow = (await debugged.variables('Levels')).find(({ name }) => name === 'cms.1')!;
    const block = (await debugged.client.variablesRequest(slow)).body.variables.find(
      ({ name }) => name === 'block 1',
    )!;
    const tensor = await info(block.variablesReference, 'blocks.1.cms.1.weight');
    expect(tensor.dataId).toBe('tensor blocks.1.cms.1.weight');
    expect((await info(block.variablesReference, 'rho')).dataId).toBeNull();

    const set = (...ids: string[]) =>
      debugged.client.setDataBreakpointsRequest({ breakpoints: ids.map(dataId => ({ dataId })) });
    await set(level.dataId!);
    expect(await debugged.press('continue')).toMatchObject({
      ...{ reason: 'data breakpoint', description: 'cms.0 changed' },
    });
    expect(engine.cursor).toBe(2);
    // The level writes this tensor at update 4 without changing it; the other block's it changes.
    await set(tensor.dataId!, 'tensor blocks.0.cms.1.weight');
    expect((await debugged.press('continue')).description).toBe('blocks.0.cms.1.weight changed');
    expect(engine.cursor).toBe(4);
    const { body } = await set('tensor blocks.0.outer.weight', 'level cms.7', 'nonsense');
    expect(body.breakpoints.map(({ message }) => message)).toEqual([
      'Training on a text never changes this tensor.',
      'The model has no level “cms.7”.',
      'The model has no such tensor.',
    ]);
  });

  it('on surprise stop above a limit', async () => {
    const engine = await start();
    await debugged.launch();
    await debugged.client.setExceptionBreakpointsRequest({
      ...{ filters: [], filterOptions: [{ filterId: 'surprise', condition: '8' }] },
    });
    expect(await debugged.press('continue')).toMatchObject({
      ...{ reason: 'exception', text: 'Surprise 9 is above 8 nats' },
    });
    expect(engine.cursor).toBe(5);
    const { body } = await debugged.client.exceptionInfoRequest({ threadId: 1 });
    expect(body.exceptionId).toBe('Surprise 9 is above 8 nats');
  });
});

describe('failures', () => {
  it('stop where a training diverges, from where it can go back', async () => {
    const engine = new SteppingStandIn();
    engine.divergesAt = 4;
    await start(engine);
    await debugged.launch();
    expect(await debugged.press('continue')).toMatchObject({
      ...{ reason: 'exception', text: 'cms.0 diverged. Lower the rates.' },
    });
    expect(engine.cursor).toBe(3);
    await debugged.press('stepBack');
    expect(engine.cursor).toBe(2);
  });

  it('end the session where it diverges when nobody wants to stop there', async () => {
    const engine = new SteppingStandIn();
    engine.divergesAt = 4;
    await start(engine);
    await debugged.launch();
    await debugged.client.setExceptionBreakpointsRequest({ filters: [] });
    const terminated = debugged.client.waitForEvent('terminated');
    await debugged.client.continueRequest({ threadId: 1 });
    await terminated;
    expect(debugged.output.join('')).toContain('cms.0 diverged. Lower the rates.');
    expect(engine.closed).toBe(true);
  });

  it('end the session when the engine ends', async () => {
    const engine = await start();
    await debugged.launch();
    const terminated = debugged.client.waitForEvent('terminated');
    debugged.stepper!.fail('signal SIGKILL');
    await terminated;
    expect(debugged.output.join('')).toContain(
      'The engine stopped (signal SIGKILL). What was recorded is kept',
    );
    expect([debugged.closed, engine.closed]).toEqual([1, false]);
  });

  it('refuse a launch that makes no sense, and requests before it', async () => {
    await start();
    await debugged.client.initializeRequest();
    const launch = (args: object) => debugged.refusal(debugged.client.launchRequest(args as never));
    expect(await launch({})).toContain('“program” in the launch configuration is missing');
    expect(await launch({ program: 'a', startLine: 0 })).toContain(
      '“startLine” in the launch configuration is 0',
    );
    expect(await launch({ program: 'a', startLine: 3, endLine: 2 })).toContain('“endLine”');
    expect(await launch({ program: 'a', stopOnEntry: 'no' })).toContain('must be true or false');
    expect(await launch({ program: '/a.txt', startLine: 90 })).toContain('“a.txt” has no text at line 90');
    expect(await debugged.refusal(debugged.client.nextRequest({ threadId: 1 }))).toContain(
      'No training is open',
    );
  });
});

describe('inspection', () => {
  it('shows the last update, its tokens, levels, tensors and gates', async () => {
    await start();
    await debugged.launch({ startLine: 2, endLine: 4 });
    expect((await debugged.variables('Last Update'))[0]).toMatchObject({ name: 'surprise', value: 'n/a' });
    await debugged.press('next');
    await debugged.press('next');
    const update = await debugged.variables('Last Update');
    expect(Object.fromEntries(update.map(({ name, value }) => [name, value]))).toMatchObject({
      ...{ surprise: '3', loss: '2.5', update: '2', token: '2', pass: '1', tokens: '2 read' },
    });
    expect(
      (await debugged.variables('Last Update', 'tokens')).map(row => `${row.name}: ${row.value}`),
    ).toEqual(['2 “␣seven”: 2 nats', '3 “␣eight”: 3 nats']);
    const levels = await debugged.variables('Levels');
    expect(levels.map(({ name }) => name)).toEqual(['memory', 'cms.0', 'cms.1']);
    expect(levels[1].value).toBe('updated, ρ 0.002, drift 0.01');
    expect(levels[2].value).toBe('4 of 8, drift 0');
    const tensor = (await debugged.variables('Levels', 'cms.0', 'block 0')).at(-1)!;
    expect(tensor).toMatchObject({ name: 'blocks.0.cms.0.weight', value: '[2, 3] F32, ‖W‖ 1.1, ‖Δ‖ 0.1' });
    expect((await debugged.variables('Gates')).map(row => `${row.name} ${row.value}`)).toEqual([
      'η memory 0.01',
      'α memory 0.99',
    ]);
  });

  it('gives every row with a number the expression that has it', async () => {
    await start();
    await debugged.launch();
    await debugged.press('next');
    const rows = [
      ...(await debugged.variables('Last Update')),
      ...(await debugged.variables('Last Update', 'tokens')),
      ...(await debugged.variables('Levels', 'memory')),
      ...(await debugged.variables('Levels', 'cms.0', 'block 1')),
      ...(await debugged.variables('Gates')),
    ].filter(({ evaluateName }) => evaluateName);
    expect(rows.length).toBe(30);
    for (const { name, value, evaluateName } of rows) {
      expect(`${name} ${value.replace(' nats', '')}`).toBe(
        `${name} ${await debugged.evaluate(evaluateName!)}`,
      );
    }
  });

  it('scores probes at the cursor', async () => {
    await start();
    await debugged.launch({ probes: ['Mira was born in => Lisbon'] });
    await debugged.press('next');
    const [row] = await debugged.variables('Probes');
    expect(row).toMatchObject({ name: 'Mira was born in => Lisbon', value: 'p 0.5, rank 1' });
    expect(await debugged.evaluate(row.evaluateName!)).toBe('0.5');
  });

  it('answers in the console, with help, and says what is wrong with an expression', async () => {
    await start();
    await debugged.launch();
    await debugged.press('next');
    expect(await debugged.evaluate('drift("memory") + 1')).toBe('1.01');
    expect(await debugged.evaluate('help')).toContain('rho("memory")');
    expect(await debugged.refusal(debugged.evaluate('drift("memory"'))).toContain('(column 15)');
    expect(await debugged.refusal(debugged.evaluate('process.exit()'))).toContain(
      'Only a name can be called',
    );
  });

  it('answers a hover on a token with its newest reading', async () => {
    await start();
    await debugged.launch({ epochs: 2 });
    expect(await debugged.evaluate('token(1)', 'hover')).toBe('“␣two” token 1: not read yet');
    await debugged.press('continue');
    const { body } = await debugged.client.evaluateRequest({ expression: 'token(1)', context: 'hover' });
    expect(body.result).toBe('“␣two” token 1: surprise 7 nats in update 9');
    const { variables } = (await debugged.client.variablesRequest(body)).body;
    expect(variables[0]).toMatchObject({ name: 'memory', value: 'updated, ρ 0.009, LSS 0.5, drift 0.09' });
  });

  it('completes names and, in quotes, levels', async () => {
    await start();
    await debugged.launch();
    const complete = async (text: string) =>
      (await debugged.client.completionsRequest({ text, column: text.length + 1 })).body.targets;
    expect((await complete('1 + dr')).map(({ label }) => label)).toEqual(['drift']);
    expect((await complete('drift("cm')).map(({ label, text }) => [label, text])).toEqual([
      ['cms.0', 'cms.0"'],
      ['cms.1', 'cms.1"'],
    ]);
    expect((await complete('drift("cm'))[0]).toMatchObject({ start: 8, length: 2 });
    expect((await complete('')).map(({ label }) => label)).toContain('help');
  });
});
