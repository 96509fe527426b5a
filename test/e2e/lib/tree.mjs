// Native trees: rows in reading order, and opening them.
import { PATIENT } from './workbench.mjs';

/** The rows of a native tree that are on screen, in reading order. */
export const treeRows = section => rowsOf(section.locator('.monaco-list-row'));

function rowsOf(locator) {
  return locator.evaluateAll(rows =>
    rows
      .sort((a, b) => Number(a.dataset.index) - Number(b.dataset.index))
      .map(row => ({
        label: row.querySelector('.label-name')?.textContent ?? '',
        description: row.querySelector('.label-description')?.textContent ?? '',
        text: row.getAttribute('aria-label') ?? '',
        depth: Number(row.getAttribute('aria-level')),
        expanded: row.getAttribute('aria-expanded'),
      })),
  );
}

/** Opens a section of the side bar that is folded. */
export async function unfold(section) {
  const header = section.locator('.pane-header');
  if ((await header.getAttribute('aria-expanded')) !== 'true') await header.click();
  await section.locator('.pane-body').waitFor(PATIENT);
}

export async function fold(section) {
  const header = section.locator('.pane-header');
  if ((await header.getAttribute('aria-expanded')) === 'true') await header.click();
}

/**
 * Walks a tree by keyboard from its first row to its last and answers every row it meets.
 * @param opens whether to open a folded row, by the row
 */
export async function walkTree(section, opens = () => false) {
  const page = section.page();
  const focused = section.locator('.monaco-list-row.focused');
  const read = async () => ({ at: await focused.getAttribute('data-index'), ...(await rowsOf(focused))[0] });
  // A click may fall on what lies over a row of a short section.
  await section.locator('.monaco-list').first().focus();
  await page.keyboard.press('Home');
  await focused.waitFor(PATIENT);
  const rows = [];
  for (let row = await read(); row.at !== rows.at(-1)?.at; row = await read()) {
    if (row.expanded === 'false' && opens(row)) {
      await page.keyboard.press('ArrowRight');
      const child = section.locator(
        `.monaco-list-row[data-index="${Number(row.at) + 1}"][aria-level="${row.depth + 1}"]`,
      );
      await child.waitFor(PATIENT);
    }
    rows.push(row);
    await page.keyboard.press('ArrowDown');
    await page.waitForTimeout(50);
  }
  return rows;
}
