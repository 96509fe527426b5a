// Pictures to look at, and what is left of a test that failed.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { screenshots } from './session.mjs';

/** Saves the window to the ignored folder of screenshots; answers the path. */
export async function screenshot(page, name, options = {}) {
  const path = join(screenshots, `${name}.png`);
  await page.screenshot({ path, ...options });
  return path;
}

/** For `afterEach`: on a failure keeps a picture and the server's log under the test's name. */
export async function keepEvidence(session, context) {
  if (context.passed) return;
  const name = `failed-${context.name.replaceAll(/[^\w]+/g, '-').slice(0, 80)}`;
  await screenshot(session.page, name).catch(() => {});
  copyFileSync(session.logFile, join(screenshots, `${name}.log`));
}
