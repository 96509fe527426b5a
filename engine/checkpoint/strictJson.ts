const deepest = 64;

/**
 * `JSON.parse` for files nobody vouches for: also refuses an object that names a key twice (the plain parser
 * keeps the last one in silence) and nesting deeper than 64, before any value is built.
 * Throws `SyntaxError` with a message for the user.
 */
export function parseStrictJson(text: string): unknown {
  scan(text);
  return JSON.parse(text);
}

/** Walks the text once with a stack of its own, so that no input can exhaust the call stack. */
function scan(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === '{' || char === '[') {
      open.push(char === '{' ? new Set() : undefined);
      if (open.length > deepest) throw new SyntaxError(`nested deeper than ${deepest} at character ${at}`);
    } else if (char === '}' || char === ']') open.pop();
    else if (char === '"') {
      const end = endOfString(text, at);
      if (isKey(text, end)) addKey(open.at(-1), text.slice(at, end), at);
      at = end - 1;
    }
  }
}

/** Index after the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  throw new SyntaxError(`the string that starts at character ${start} has no end`);
}

function isKey(text: string, end: number): boolean {
  let at = end;
  while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
  return text[at] === ':';
}

function addKey(keys: Set<string> | undefined, literal: string, at: number): void {
  // Two spellings of one key ("a", "\u0061") are still the same key.
  const key = literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1);
  if (keys?.has(key)) throw new SyntaxError(`the key ${JSON.stringify(key)} occurs twice (character ${at})`);
  keys?.add(key);
}
