// Selecting text in the active editor, and reading what an extension has drawn on it.
import { PATIENT, quickOpen } from './workbench.mjs';

const EDITOR = '.editor-group-container.active .editor-instance .monaco-editor';

/** Moves the cursor of the active editor; line and column count from 1. */
export async function goTo(page, line, column = 1) {
  // Until a large text is loaded there is no line to go to.
  const place = page.locator('.quick-input-widget .monaco-list-row', { hasText: `line ${line}` }).first();
  await quickOpen(page, `:${line}:${column}`, place);
  await page.keyboard.press('Enter');
  await page
    .locator(EDITOR)
    .first()
    .locator('textarea:focus, .native-edit-context:focus')
    .waitFor({
      state: 'attached',
      ...PATIENT,
    });
}

/** Selects one whole line without its line break. */
export async function selectLine(page, line) {
  await goTo(page, line);
  await page.keyboard.press('Home');
  await page.keyboard.press('Shift+End');
  await selected(page);
}

export async function selectAll(page) {
  await goTo(page, 1);
  await page.keyboard.press('Control+a');
  await selected(page);
}

/** The status bar counts the selected characters once the extension host has been told as well. */
const selected = page => page.locator('.statusbar-item', { hasText: /selected\)/ }).waitFor(PATIENT);

/**
 * What decorations paint on the visible lines: per box its place in pixels, background, class names.
 * VS Code gives each decoration type of an extension classes that start with `ced-`.
 */
export function decorations(page) {
  return page
    .locator(EDITOR)
    .first()
    .evaluate(editor =>
      [...editor.querySelectorAll('.view-overlays [class*="ced-"], .view-lines [class*="ced-"]')].map(
        element => {
          const { x, y, width } = element.getBoundingClientRect();
          const style = getComputedStyle(element);
          return {
            inline: element.closest('.view-lines') !== null,
            text: element.closest('.view-lines') ? element.textContent.replaceAll('\u00a0', ' ') : '',
            x: Math.round(x),
            y: Math.round(y),
            width: Math.round(width),
            background: style.backgroundColor,
            color: style.color,
            border: style.borderBottomWidth,
            classes: element.className,
          };
        },
      ),
    );
}

/** Points at the first place of this word in the active editor. */
export async function pointAt(page, word) {
  const line = page.locator(`${EDITOR} .view-line`, { hasText: word }).first();
  const place = await line.evaluate((element, text) => {
    // Decorations cut a line into spans wherever a token ends.
    const nodes = [];
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) nodes.push(walker.currentNode);
    let at = element.textContent.indexOf(text);
    let i = 0;
    for (; at >= nodes[i].length; i++) at -= nodes[i].length;
    const node = nodes[i];
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    const { x, y, width, height } = range.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  }, word);
  await page.mouse.move(place.x - 3, place.y);
  await page.mouse.move(place.x, place.y, { steps: 4 });
}

/** Points at the first place of this word in the active editor and answers the text of the hover. */
export async function hoverOver(page, word) {
  await pointAt(page, word);
  const hover = page.locator('.monaco-hover:visible').first();
  await hover.waitFor(PATIENT);
  return hover.textContent();
}
