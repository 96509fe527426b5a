import { defineConfig } from 'vitest/config';

/** One project a folder of `test/`; `npm test -- unit` runs one of them. */
const project = (name: string, test: { environment?: 'jsdom'; testTimeout?: number } = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], hookTimeout: 60_000, ...test },
});

export default defineConfig({
  test: {
    // One file a core: what is not asked for leaves one of them idle, which is half of a small machine.
    maxWorkers: '100%',
    projects: [
      // Property tests over all of Unicode take seconds on a busy machine.
      project('unit', { testTimeout: 60_000 }),
      // Real models and a real engine process: seconds on a slow machine, never a measure of speed.
      project('golden', { testTimeout: 120_000 }),
      project('engine', { testTimeout: 120_000 }),
      project('webview', { environment: 'jsdom', testTimeout: 60_000 }),
    ],
  },
});
