// Webviews live in frames inside frames whose names are random, so they are known by a mark on their own page.

/** The frame whose body carries `data-title="<title>"`, once it is loaded. */
export async function webview(page, title, { timeout = 30_000 } = {}) {
  const end = Date.now() + timeout;
  do {
    for (const frame of page.frames()) {
      const found = await frame.evaluate(() => document.body?.dataset.title).catch(() => undefined);
      if (found === title) return frame;
    }
    await page.waitForTimeout(100);
  } while (Date.now() < end);
  throw new Error(`No webview with data-title="${title}" after ${timeout / 1000} s.`);
}
