const SHOWN: Readonly<Record<string, string>> = { '\n': '⏎', '\r': '', '\t': '⇥' };

/** Any text as Markdown that shows just this text: no markup, link, icon or table cell can come of it. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[^\p{L}\p{N}\p{M} \u2009]/gu, character => `&#${character.codePointAt(0)};`);
}

/**
 * A token or another short text as one visible line: white space at its ends and everything invisible is shown by
 * a sign, and what is longer than `limit` code points is cut.
 */
export function visibleText(text: string, limit = 60): string {
  const characters = [...text.toWellFormed().replace(/^ +| +$/g, spaces => '␣'.repeat(spaces.length))];
  const shown = characters
    .slice(0, limit)
    .map(
      c => SHOWN[c] ?? (/[\p{C}\p{Z}]/u.test(c) && c !== ' ' ? `\\u{${c.codePointAt(0)!.toString(16)}}` : c),
    );
  return shown.join('') + (characters.length > limit ? '…' : '');
}

/** A link that runs a command; works only in a string that trusts this command. */
export function commandLink(label: string, command: string, argument?: unknown): string {
  if (argument === undefined) return `[${label}](command:${command})`;
  // A lone surrogate cannot be put into an address; parentheses would end the link.
  const json = JSON.stringify([argument], (_, value) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
  const query = encodeURIComponent(json).replace(/[()'*!~]/g, c => `%${c.charCodeAt(0).toString(16)}`);
  return `[${label}](command:${command}?${query})`;
}

/** A small square in a contributed colour. @param color id such as `hopescope.level.memory` */
export function colorChip(color: string): string {
  return `<span style="color:var(--vscode-${color.replaceAll('.', '-')});">■</span>`;
}
