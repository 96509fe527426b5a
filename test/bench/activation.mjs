import { execFileSync } from 'node:child_process';
import { median, row } from './statistics.mjs';

const RUNS = 7;

/**
 * Loading the bundle and `activate()`, in a process of its own with a stand-in for `vscode` whose every call returns
 * at once: what the extension itself costs, without the time VS Code takes to answer.
 */
export async function measureActivation() {
  const times = Array.from({ length: RUNS }, () =>
    Number(execFileSync(process.execPath, ['test/bench/activate.cjs'], { encoding: 'utf8' })),
  );
  const time = median(times);
  return [
    row(
      `activation of the extension (bundle and activate(), median of ${RUNS})`,
      time,
      'ms',
      1,
      '< 50 ms',
      time < 50,
    ),
  ];
}
