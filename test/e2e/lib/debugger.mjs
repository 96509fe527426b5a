// The debugger's parts of the workbench as a reader of the page finds them.
import { goTo, pointAt } from './editorText.mjs';
import { chooseInMenu, command, eventually, PATIENT } from './workbench.mjs';

const TOOLBAR = '.debug-toolbar';

/** Presses a button of the debug toolbar by the name at the start of its label, as in "Step Back". */
export async function press(page, name) {
  await page.locator(`${TOOLBAR} .action-label[aria-label^="${name}"]:not(.disabled)`).click(PATIENT);
  await page.mouse.move(1, 1);
}

/** Names of the frames of the call stack, once the innermost one matches. */
export function stoppedAt(page, pattern) {
  return stoppedWhere(page, frame => pattern.test(frame), `a stop at ${pattern}`);
}

/** The same, once the innermost one is as wanted; that of the last stop is shown for a while when it goes on. */
export function stoppedWhere(page, holds, what) {
  const names = () => page.locator('.debug-call-stack .stack-frame .label').allTextContents();
  return eventually(names, ([first]) => holds(first ?? ''), { timeout: 45_000, what });
}

/** Waits until no session is left. */
export async function debugEnded(page) {
  await page.locator(TOOLBAR).waitFor({ state: 'hidden', timeout: 60_000 });
}

/** Rows of the Variables view as they can be seen, "name: value". */
export function variables(page) {
  return page
    .locator('.debug-variables .monaco-list-row')
    .evaluateAll(rows => rows.map(row => row.ariaLabel ?? row.textContent));
}

/**
 * Opens a row of the Variables view by the start of its text. A click may land just before VS Code draws the view anew
 * for the last stop, which leaves the row closed, so it is repeated until the row stays open.
 */
export async function openVariable(page, name) {
  const row = page.locator('.debug-variables .monaco-list-row', { hasText: name }).first();
  await row.waitFor(PATIENT);
  const isOpen = async () => (await row.getAttribute('aria-expanded', { timeout: 5_000 })) === 'true';
  const open = async () => {
    if (await isOpen()) return true;
    await row
      .locator('.monaco-tl-twistie')
      .click({ timeout: 5_000 })
      .catch(() => {});
    await page.waitForTimeout(1_000);
    return isOpen();
  };
  await eventually(open, Boolean, { timeout: 60_000, what: `an open row ${name} in the Variables view` });
}

/** Asks the Debug Console and answers what it shows after the question. */
export async function ask(page, expression, pattern) {
  const input = page.locator('.repl-input-wrapper .monaco-editor').first();
  await input.click(PATIENT);
  await page.keyboard.press('Control+a');
  await page.keyboard.type(expression, { delay: 5 });
  await page.keyboard.press('Escape');
  await page.keyboard.press('Enter');
  return consoleShows(page, pattern);
}

/** Lines of the Debug Console, once one of them matches; answers that one. */
export async function consoleShows(page, pattern) {
  const read = () => page.locator('.repl .monaco-list-row').allTextContents();
  const lines = await eventually(read, all => all.some(line => pattern.test(line)), {
    timeout: 60_000,
    what: `${pattern} in the Debug Console`,
  });
  return lines.find(line => pattern.test(line));
}

/**
 * Sets a breakpoint of another kind on a line of the active editor.
 * @param kind as the breakpoint's box offers it: Expression, Hit Count, Log Message
 */
export async function breakpointWith(page, line, kind, text) {
  await goTo(page, line);
  await command(page, 'Debug: Add Conditional Breakpoint...');
  const box = page.locator('.breakpoint-widget');
  await box.waitFor(PATIENT);
  await box.locator('select[aria-label="Breakpoint Type"]').selectOption({ label: kind });
  await box.locator('.monaco-editor').first().click(PATIENT);
  await page.keyboard.type(text, { delay: 5 });
  await page.keyboard.press('Enter');
  await box.waitFor({ state: 'hidden', ...PATIENT });
}

/** What the debugger says of the word under the pointer. */
export async function debugHover(page, word) {
  await pointAt(page, word);
  const hover = page.locator('.debug-hover-widget:visible').first();
  await hover.waitFor(PATIENT);
  return hover.textContent();
}

/** Asks for completions where the cursor is and answers the list, once one of it matches. */
export async function offered(page, pattern, timeout = 30_000) {
  const rows = page.locator('.suggest-widget.visible .monaco-list-row');
  // A key that comes while the text is still being taken in is lost.
  const list = async () => {
    if (!(await rows.first().isVisible())) await page.keyboard.press('Control+Space');
    await rows
      .first()
      .waitFor({ timeout: 3_000 })
      .catch(() => undefined);
    return rows.allTextContents();
  };
  const what = `${pattern} in the list`;
  return eventually(list, all => all.some(row => pattern.test(row)), { what, timeout });
}

/** Chooses an entry of the context menu of a row of the Variables view. */
export async function variableMenu(page, name, entry) {
  const row = page.locator('.debug-variables .monaco-list-row', { hasText: name }).first();
  await row.click({ button: 'right', ...PATIENT });
  await chooseInMenu(page, entry);
}

/** Sets a breakpoint on the line of the active editor where the cursor is, and waits for its mark. */
export async function toggleBreakpoint(page, line) {
  await goTo(page, line);
  await page.keyboard.press('F9');
  await page.locator('.editor-instance .codicon-debug-breakpoint').first().waitFor(PATIENT);
}
