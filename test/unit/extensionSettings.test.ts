import { homedir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { threadCount } from '../../engine/protocol/threads.ts';
import { folderRefusal, modelFolder } from '../../extension/settings/modelFolder.ts';
import {
  isProblem,
  problemText,
  readTrainSettings,
  type SettingProblem,
  type TrainSettings,
} from '../../extension/settings/trainSettings.ts';
import manifest from '../../package.json' with { type: 'json' };

const properties = Object.assign({}, ...manifest.contributes.configuration.map(part => part.properties));
const defaults = (name: string): unknown => properties[`hopescope.${name}`].default;

function read(changes: Record<string, unknown>, levels?: string[]): TrainSettings | SettingProblem {
  const given = (name: string) => (name in changes ? name : name.replace('train.', ''));
  return readTrainSettings(name => (given(name) in changes ? changes[given(name)] : defaults(name)), levels);
}

function refused(changes: Record<string, unknown>, levels?: string[]): string {
  const settings = read(changes, levels);
  if (!isProblem(settings)) throw new Error(`${JSON.stringify(changes)} was taken`);
  return problemText(settings);
}

describe('readTrainSettings', () => {
  it('takes the defaults of the manifest', () => {
    expect(read({})).toEqual({
      ...{ epochs: 8, learningRates: {}, partialChunk: 'flush', telemetry: true },
      ...{ confirmAboveBytes: 1_000_000, probeInterval: 0, storageBudget: 2 ** 32 },
    });
  });

  it.each([
    ['epochs', 0, 'The setting hopescope.train.epochs is 0 but must be a whole number from 1 to 10000.'],
    ['epochs', 2.5, 'The setting hopescope.train.epochs is 2.5 but must be a whole number from 1 to 10000.'],
    ['epochs', '8', 'The setting hopescope.train.epochs is "8" but must be a whole number from 1 to 10000.'],
    [
      'partialChunk',
      'keep',
      'The setting hopescope.train.partialChunk is "keep" but must be "flush" or "drop".',
    ],
    ['telemetry', 'yes', 'The setting hopescope.train.telemetry is "yes" but must be true or false.'],
    [
      ...['confirmAboveBytes', null],
      'The setting hopescope.train.confirmAboveBytes is null but must be a whole number of at least 0.',
    ],
    [
      ...['probes.interval', -1],
      'The setting hopescope.probes.interval is -1 but must be a whole number from 0 to 1000000.',
    ],
    [
      ...['run.storageBudget', 0],
      'The setting hopescope.run.storageBudget is 0 but must be a whole number from 1 to 1000000.',
    ],
  ] as const)('names %s when it is %j', (name, value, text) => {
    expect(refused({ [name]: value })).toBe(text);
  });

  it('names the level whose rate cannot be used', () => {
    expect(refused({ learningRates: { 'cms.0': 101 } })).toBe(
      'The setting hopescope.train.learningRates is {"cms.0":101} but must be a number from 0 to 100 for each level.',
    );
    expect(refused({ learningRates: { 'cms.0': '1' } })).toContain('a number from 0 to 100');
    expect(refused({ learningRates: [1] })).toContain('an object with a number a level');
  });

  it('takes rates of the levels that there are', () => {
    expect(read({ learningRates: { memory: 0, 'cms.12': 100 } })).toMatchObject({
      learningRates: { memory: 0, 'cms.12': 100 },
    });
    expect(refused({ learningRates: { fast: 1 } })).toContain('“fast” is none of memory, projections, cms.0');
    const levels = ['memory', 'cms.0', 'outer'];
    expect(refused({ learningRates: { 'cms.1': 1 } }, levels)).toContain('“cms.1” is none of memory, cms.0');
    expect(refused({ learningRates: { outer: 1 } }, levels)).toContain('“outer” is none of');
    expect(refused({ learningRates: { outer: 1 } })).toContain('“outer” is none of');
  });

  it('agrees with the ranges that the manifest shows in the settings editor', () => {
    for (const name of ['epochs', 'confirmAboveBytes']) {
      const { minimum, maximum } = properties[`hopescope.train.${name}`];
      expect(isProblem(read({ [name]: minimum }))).toBe(false);
      expect(isProblem(read({ [name]: minimum - 1 }))).toBe(true);
      if (maximum === undefined) continue;
      expect(isProblem(read({ [name]: maximum }))).toBe(false);
      expect(isProblem(read({ [name]: maximum + 1 }))).toBe(true);
    }
  });
});

describe('threadCount', () => {
  it('takes what the manifest allows and nothing else', () => {
    expect(threadCount(defaults('engine.threads'))).toBe('auto');
    expect([1, '2', 16].map(threadCount)).toEqual([1, 2, 16]);
    for (const value of [0, 17, 1.5, '0', '-1', '2 ', 'all', '', null, undefined, [2]]) {
      expect(threadCount(value), JSON.stringify(value)).toBeUndefined();
    }
    const { pattern, minimum, maximum } = properties['hopescope.engine.threads'];
    for (let count = -1; count < 20; count++) {
      const fits = threadCount(count) !== undefined;
      expect(count >= minimum && count <= maximum, `number ${count}`).toBe(fits);
      expect(new RegExp(pattern).test(String(count)), `text ${count}`).toBe(fits);
    }
  });
});

describe('modelFolder', () => {
  const places = { bundled: '/ext/media/model', workspace: ['/projects/a', '/projects/b'], trusted: true };

  it('reads the setting as people write paths', () => {
    expect(modelFolder(' ', places)).toBe('/ext/media/model');
    expect(modelFolder('/models/hope', places)).toBe('/models/hope');
    expect(modelFolder('models/hope', places)).toBe('/projects/a/models/hope');
    expect(modelFolder('~/hope', places)).toBe(`${homedir()}/hope`);
    expect(modelFolder('hope', { ...places, workspace: [] })).toBe(`${homedir()}/hope`);
  });

  it('reads nothing from inside a workspace that is not trusted', () => {
    const untrusted = { ...places, trusted: false };
    expect(folderRefusal('/projects/b/model', untrusted)).toBe(
      'The model folder /projects/b/model lies in a workspace that is not trusted, so it is not read.',
    );
    expect(folderRefusal('/projects/a', untrusted)).toBeDefined();
    expect(folderRefusal('/projects/a/../b/m', untrusted)).toBeDefined();
    expect(folderRefusal('/projects/c', untrusted)).toBeUndefined();
    expect(folderRefusal('/projects/a..b', untrusted)).toBeUndefined();
    expect(folderRefusal('/ext/media/model', untrusted)).toBeUndefined();
    expect(folderRefusal('/projects/b/model', places)).toBeUndefined();
  });
});
