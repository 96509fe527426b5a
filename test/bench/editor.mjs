// Measured inside a real VS Code on the package that its users install: what they wait for.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { selectAll, selectLine } from '../e2e/lib/editorText.mjs';
import { levelsIn, showLevels } from '../e2e/lib/levels.mjs';
import { openSession } from '../e2e/lib/session.mjs';
import { clearNotifications, command, openFile } from '../e2e/lib/workbench.mjs';
import { packageExtension } from '../vscode/package.mjs';
import { onProductionBundles } from './production.mjs';
import { median, row } from './statistics.mjs';

const RUNS = 3;
/** From opening the workbench to the first key: until then it is busy with extensions of its own. */
const SETTLING_MS = 10_000;

/** Presses the key of Train on Selection and answers the seconds until `painted` holds at an animation frame. */
async function fromKey(page, frame, painted) {
  const seen = frame.evaluate(
    source =>
      new Promise(resolve => {
        const holds = new Function(`return ${source}`)();
        const look = () => (holds() ? resolve(Date.now()) : requestAnimationFrame(look));
        requestAnimationFrame(look);
      }),
    painted.toString(),
  );
  const begun = Date.now();
  await page.keyboard.press('Control+Alt+t');
  return ((await seen) - begun) / 1000;
}

const tokenColoured = () =>
  document.querySelector('.editor-instance .view-overlays [class*="ced-"]') !== null;

const updateDrawn = () =>
  document.querySelector('main')?.dataset.phase === 'running' &&
  Number(document.querySelector('[data-level="memory"]')?.dataset.updates) > 0;

/** Milliseconds from loading the bundle to the end of `activate()`, as VS Code's own list of extensions has it. */
async function activationTime(page) {
  // The whole list of running extensions, which draws only what is in sight.
  await page.setViewportSize({ width: 1280, height: 1600 });
  await command(page, 'Developer: Show Running Extensions');
  const entry = page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'Hopescope' }).first();
  const text = await entry.textContent();
  const [, time] = /Activation: (\d+)ms/.exec(text) ?? [];
  if (!time) throw new Error(`VS Code does not say how long activation took: ${text}`);
  return Number(time);
}

/** Activation and the way from the key to the screen, cold and warm. */
export async function measureEditor() {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-vsix-'));
  try {
    return await onProductionBundles(async () => measurePackage(await packageExtension(folder)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measurePackage(vsix) {
  const activations = [];
  const cold = [];
  const warm = [];
  for (let run = 0; run < RUNS; run++) {
    const session = await openSession({ vsix });
    const { page } = session;
    try {
      await openFile(page, 'people.txt');
      await page.waitForTimeout(SETTLING_MS);
      await selectLine(page, 1);
      cold.push(await fromKey(page, page, tokenColoured));
      await showLevels(page);
      const frame = await levelsIn(page, 'finished');
      for (let again = 0; again < RUNS; again++) {
        await openFile(page, 'people.txt');
        await selectAll(page);
        warm.push(await fromKey(page, frame, updateDrawn));
        await levelsIn(page, 'finished');
        await clearNotifications(page);
      }
      activations.push(await activationTime(page));
    } finally {
      await session.close();
    }
  }
  const [activation, first, later] = [activations, cold, warm].map(median);
  return [
    row(`in VS Code: activation, median of ${RUNS}`, activation, 'ms', 0, '< 50 ms', activation < 50),
    row(
      'in VS Code: key to first coloured token, nothing running yet',
      first,
      's',
      2,
      '< 1.5 s',
      first < 1.5,
    ),
    row('in VS Code: key to first update drawn, engine running', later, 's', 2, '< 0.3 s', later < 0.3),
  ];
}
