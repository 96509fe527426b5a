// The parts of the workbench that every extension shares: palette, quick open, views, notifications, status bar.

const QUICK = '.quick-input-widget';
/** A request that VS Code answers at once but a loaded machine may answer late. */
export const PATIENT = { timeout: 30_000 };

/** Opens the palette and chooses the command of exactly this title. */
export async function command(page, title) {
  const exact = new RegExp(`^${RegExp.escape(title)}$`);
  const label = page.locator(`${QUICK} .monaco-list-row .label-name`).filter({ hasText: exact }).first();
  await quickOpen(page, `>${title}`, label);
  await label.click(PATIENT);
  // Left where it is, the pointer would raise hovers over whatever comes to lie under it.
  await page.mouse.move(1, 1);
}

/** Types a title into the palette and answers the labels that it offers. The palette stays open. */
export async function showInPalette(page, title) {
  await quickOpen(page, `>${title}`);
  return labels(page);
}

const labels = page => page.locator(`${QUICK} .monaco-list-row .label-name`).allTextContents();

/**
 * Opens the quick input with this text, whose first character says what it looks for, until `wanted` is there. Each
 * step is repeated: a busy workbench may take a key late, empty an input that it is still opening, or list what it
 * has before all of it is registered.
 */
export async function quickOpen(page, text, wanted = page.locator(`${QUICK} .monaco-list-row`).first()) {
  const input = page.locator(`${QUICK} input[type="text"]`).first();
  let opened = 0;
  const open = async () => {
    await page.keyboard.press('F1');
    await input.waitFor({ timeout: 5_000 }).catch(() => {});
    opened = Date.now();
  };
  await open();
  const offered = async () => {
    if (!(await input.isVisible()) || Date.now() - opened > 8_000) await open();
    if ((await input.inputValue()) === text) return wanted.isVisible();
    await input.fill(text, { timeout: 2_000 }).catch(() => {});
    return false;
  };
  await eventually(offered, Boolean, { timeout: 60_000, what: `what ${text} finds in the quick input` });
}

/** Opens a file of the workspace in an editor and waits for its text. */
export async function openFile(page, name) {
  const row = page.locator(`${QUICK} .monaco-list-row`, { hasText: name }).first();
  await quickOpen(page, name, row);
  await row.click(PATIENT);
  await page.mouse.move(1, 1);
  await page.locator('.tab.active', { hasText: name }).waitFor(PATIENT);
}

/** Takes an entry of the context menu that is open. */
export async function chooseInMenu(page, entry) {
  const item = page.locator('.context-view .action-label', { hasText: entry }).first();
  // A menu ignores a button that comes up right after it has opened.
  await item.hover(PATIENT);
  await page.keyboard.press('Enter');
  await item.waitFor({ state: 'detached', ...PATIENT });
}

/** Answers the input box that a command has opened: types a text and presses Enter. */
export async function answerInput(page, text) {
  const input = page.locator(`${QUICK} input[type="text"]`).first();
  // The palette that the command was chosen from is the same element.
  const ready = () =>
    input.isVisible().then(async visible => visible && !(await input.inputValue()).startsWith('>'));
  await eventually(ready, Boolean, { what: 'the input box' });
  await input.fill(text);
  await page.keyboard.press('Enter');
}

/** Chooses an entry of the quick pick that a command has opened. */
export async function pick(page, label) {
  const rows = page.locator(`${QUICK} .monaco-list-row`);
  await rows.filter({ hasText: label }).first().click(PATIENT);
}

/**
 * Answers the file dialog that a command has opened with a path; the dialog is a quick input too.
 * @param button what its button says @param next title of the quick input that the command opens after it
 */
export async function saveAs(page, path, button = 'OK', next = undefined) {
  const widget = page.locator(QUICK);
  const input = widget.locator('input[type="text"]').first();
  // Until the folder is listed the dialog knows nothing of it, and an OK would have it ask whether to create it.
  const listed = async () => ({
    value: await input.inputValue(),
    rows: await widget.locator('.monaco-list-row').count(),
    busy: await widget.locator('.monaco-progress-container.active').count(),
  });
  await eventually(listed, ({ value, rows, busy }) => value.startsWith('/') && rows > 0 && busy === 0, {
    what: 'the file dialog',
  });
  await input.fill(path);
  await eventually(listed, ({ value, busy }) => value === path && busy === 0, {
    what: 'the path in the dialog',
  });
  const accept = widget.locator('.monaco-button', { hasText: new RegExp(`^${button}$`) }).first();
  const title = widget.locator('.quick-input-title', { hasText: next });
  const left = next ? { locator: title, state: 'visible' } : { locator: widget, state: 'hidden' };
  // A dialog that lists another folder just then takes no notice of its button.
  const accepted = async () => {
    await accept.click({ timeout: 5_000 }).catch(() => {});
    return left.locator.waitFor({ state: left.state, timeout: 5_000 }).then(
      () => true,
      () => false,
    );
  };
  await eventually(accepted, Boolean, { what: `the dialog to take ${path}` });
}

/**
 * The notification whose text contains this, once it is there. VS Code shows no toast for the fourth notification
 * within 0.8 s; it is then found in the notification centre, which this opens.
 */
export async function notification(page, text, { timeout = 60_000 } = {}) {
  const toast = page.locator('.notification-toast', { hasText: text }).first();
  const listed = page.locator('.notifications-center .notification-list-item', { hasText: text }).first();
  const end = Date.now() + timeout;
  const appears = async patience => {
    try {
      await toast
        .or(listed)
        .first()
        .waitFor({ timeout: Math.max(1, Math.min(patience, end - Date.now())) });
      return true;
    } catch (error) {
      if (error.name !== 'TimeoutError' || Date.now() >= end) throw error;
      return false;
    }
  };
  while (!(await appears(5_000))) {
    // A bell with a dot has something that no toast shows.
    const unread = page.locator('.statusbar-item .codicon-bell-dot');
    if (await unread.isVisible()) await command(page, 'Notifications: Show Notifications');
  }
  return (await toast.isVisible()) ? toast : listed;
}

/** What a toast says, without its buttons. */
export const messageOf = toast => toast.locator('.notification-list-item-message').textContent();

/** Presses a button of a toast, which shows all of them only while it is pointed at. */
export async function clickIn(toast, button) {
  await toast.hover(PATIENT);
  await toast.locator('.monaco-button', { hasText: button }).click(PATIENT);
}

/** Texts of the toasts that are on screen now. */
export function notifications(page) {
  return page.locator('.notification-toast .notification-list-item-message').allTextContents();
}

export async function clearNotifications(page) {
  await command(page, 'Notifications: Clear All Notifications');
  await page
    .locator('.notification-toast')
    .first()
    .waitFor({ state: 'detached', ...PATIENT });
}

/** The modal dialog that is open, once it is there. */
export async function dialog(page) {
  const box = page.locator('.monaco-dialog-box');
  await box.waitFor(PATIENT);
  return box;
}

/** A section of the side bar by the title in its header. */
export function pane(page, title) {
  return page.locator('[id="workbench.parts.sidebar"] .pane').filter({
    has: page.locator('.pane-header .title', { hasText: new RegExp(`^${RegExp.escape(title)}$`, 'i') }),
  });
}

/** Text of every entry of the status bar, with its accessible name. */
export function statusBar(page) {
  return page
    .locator('.statusbar-item:visible')
    .evaluateAll(items =>
      items.map(
        item =>
          `${item.textContent} | ${item.querySelector('[aria-label]')?.ariaLabel ?? item.ariaLabel ?? ''}`,
      ),
    );
}

/** Waits until `read` answers a value that `holds`; answers it. @throws Error with the last value read. */
export async function eventually(read, holds, { timeout = 30_000, what = 'the expected value' } = {}) {
  const end = Date.now() + timeout;
  let last;
  do {
    last = await read();
    if (holds(last)) return last;
    await new Promise(resolve => setTimeout(resolve, 100));
  } while (Date.now() < end);
  throw new Error(
    `Waited ${timeout / 1000} s for ${what}; last seen: ${JSON.stringify(last)?.slice(0, 2_000)}`,
  );
}

/** Changes the colour theme by its setting and waits until it is on. */
export async function setTheme(session, name) {
  await session.settings({ 'workbench.colorTheme': name });
  const file = {
    'Dark Modern': 'dark_modern',
    'Light Modern': 'light_modern',
    'Default High Contrast': 'hc_black',
  };
  await session.page.locator(`.monaco-workbench[class*="-themes-${file[name]}-json"]`).waitFor(PATIENT);
}

/** Drags the side bar's edge until it is this many pixels wide. */
export async function resizeSideBar(page, width) {
  const part = page.locator('[id="workbench.parts.sidebar"]');
  const measure = async () => Math.round((await part.boundingBox()).width);
  await eventually(
    async () => {
      const { x, y, width: now, height } = await part.boundingBox();
      await page.mouse.move(x + now + 1, y + height / 2);
      await page.mouse.down();
      await page.mouse.move(x + width + 1, y + height / 2, { steps: 4 });
      await page.mouse.up();
      return measure();
    },
    now => Math.abs(now - width) <= 2,
    { what: `a side bar of ${width} px` },
  );
  await page.mouse.move(1, 1);
}
