import { execFileSync } from 'node:child_process';
import { onProductionBundles } from './production.mjs';
import { median, row } from './statistics.mjs';

const RUNS = 7;

/**
 * Loading the bundle and `activate()`, in a process of its own with a stand-in for `vscode` whose every call returns
 * at once: what the extension itself costs, without the time VS Code takes to answer. The bundle is the packaged one.
 */
export async function measureActivation() {
  const activate = () =>
    Number(execFileSync(process.execPath, ['test/bench/activate.cjs'], { encoding: 'utf8' }));
  const times = await onProductionBundles(() => Array.from({ length: RUNS }, activate));
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
