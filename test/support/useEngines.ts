import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { ForkedEngine, type FrameAnswer } from './forkedEngine.ts';
import { Bench } from './tinySession.ts';

/** Engine processes for the tests of a file; none outlives its test. */
export interface Engines {
  /** A folder with the tiny model. */
  readonly bench: Bench;
  /** A process that was told nothing yet. */
  bare(): ForkedEngine;
  /** A process with the tiny model loaded. */
  opened(answer?: FrameAnswer): Promise<ForkedEngine>;
}

export function useEngines(): Engines {
  const engines: ForkedEngine[] = [];
  let bench: Bench;
  const keep = (engine: ForkedEngine) => {
    engines.push(engine);
    return engine;
  };
  beforeAll(async () => {
    bench = await Bench.make();
  }, 60_000);
  afterAll(() => bench.dispose());
  afterEach(async () => {
    for (const engine of engines.splice(0)) {
      await engine.kill();
      // A log never holds the text of a user.
      expect(engine.output).not.toContain('Halloway');
    }
  });
  return {
    get bench() {
      return bench;
    },
    bare: () => keep(new ForkedEngine()),
    opened: async answer => keep(await ForkedEngine.open(bench.model, answer)),
  };
}
