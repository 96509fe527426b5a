import { describe, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-jsonrpc';
import type { AbsorptionRequest } from '../../engine/protocol/absorption.ts';
import * as protocol from '../../engine/protocol/requests.ts';
import {
  Absorb,
  AbsorbProgress,
  ReadForgetting,
  ReadInterference,
  ReadSpectrum,
  ReadWriteParts,
} from '../../engine/protocol/runRequests.ts';
import { type ForkedEngine, refusalOf } from '../support/forkedEngine.ts';
import { trainRequest } from '../support/tinySession.ts';
import { useEngines } from '../support/useEngines.ts';

const engines = useEngines();
const FACT = { prompt: 'Mira Halloway was born in', answer: 'Lisbon' };

async function recorded(engine: ForkedEngine, name: string): Promise<{ path: string; updates: number }> {
  const path = engines.bench.path(`${name}.hoperun`);
  const request = trainRequest({ runPath: path, probes: [FACT] });
  const { updates } = await engine.connection.sendRequest(protocol.Train, request);
  return { path, updates };
}

const absorption = (run: { path: string; updates: number }, changes: Partial<AbsorptionRequest> = {}) => ({
  ...{ token: 'question', path: run.path, from: 0, to: run.updates, controls: 20, seed: 1, pathPoints: 8 },
  ...{ fact: FACT, paraphrases: [], neighbours: [] },
  ...changes,
});

describe('the engine process', () => {
  test('answers what is asked about the inside of a run, with progress', async () => {
    const engine = await engines.opened();
    const { connection } = engine;
    const run = await recorded(engine, 'asked');
    const told: number[] = [];
    let of = 0;
    connection.onProgress(AbsorbProgress, 'question', ({ done, total }) => {
      told.push(done);
      of = total;
    });
    const report = await connection.sendRequest(Absorb, absorption(run));
    const sum = report.levels.reduce((total, { shapley }) => total + shapley, 0);
    expect(sum).toBeCloseTo(report.gain, 6);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.at(-1)).toBe(of);
    const place = { path: run.path, level: 'memory', block: 0 };
    const spectrum = await connection.sendRequest(ReadSpectrum, { ...place, from: 0, to: run.updates });
    expect(spectrum.matrices).toHaveLength(4);
    expect(spectrum.matrices[0].delta).toBeInstanceOf(Float32Array);
    const { parts } = await connection.sendRequest(ReadWriteParts, { ...place, update: 0 });
    expect(parts[0].write).toBeGreaterThan(0);
    const { facts } = await connection.sendRequest(ReadInterference, {
      ...{ path: run.path, from: 0, to: run.updates, probes: [FACT] },
    });
    expect(facts[0].measured).toBeCloseTo(report.gain, 5);
    const { probes } = await connection.sendRequest(ReadForgetting, { paths: [run.path] });
    expect(probes).toEqual([FACT]);
  });

  test('stops a report when it is cancelled, its heart beating meanwhile, and is then free', async () => {
    const engine = await engines.opened();
    const { connection } = engine;
    const run = await recorded(engine, 'cancelled');
    const source = new CancellationTokenSource();
    const asked = connection.sendRequest(Absorb, absorption(run, { controls: 1000 }), source.token);
    const beats = engine.heartbeats.length;
    await engine.until(() => engine.heartbeats.length > beats + 1);
    source.cancel();
    expect(await refusalOf(asked)).toMatchObject({ code: 'bad-input', message: 'The report was cancelled.' });
    await expect(recorded(engine, 'after')).resolves.toMatchObject({ updates: run.updates });
  });

  test('refuses in words what cannot be answered', async () => {
    const engine = await engines.opened();
    const { connection } = engine;
    const run = await recorded(engine, 'refused');
    const missing = connection.sendRequest(Absorb, absorption({ ...run, path: `${run.path}.gone` }));
    expect((await refusalOf(missing)).code).toBe('io');
    const source = new CancellationTokenSource();
    const long = absorption(run, { controls: 1000, token: 'first' });
    const first = connection.sendRequest(Absorb, long, source.token);
    const second = await refusalOf(connection.sendRequest(Absorb, absorption(run)));
    expect(second).toMatchObject({ code: 'busy' });
    expect(second.message).toContain('a run is looked into');
    source.cancel();
    expect((await refusalOf(first)).message).toContain('cancelled');
  });
});
