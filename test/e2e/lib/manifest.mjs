// What package.json promises, with its strings resolved.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../vscode/setup.mjs';

const read = name => JSON.parse(readFileSync(join(root, name), 'utf8'));
const strings = read('package.nls.json');

/** Replaces every `%key%` by its string. @throws Error for a key that package.nls.json lacks. */
function resolve(value) {
  if (Array.isArray(value)) return value.map(resolve);
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, resolve(child)]));
  }
  const key = typeof value === 'string' && /^%(.+)%$/.exec(value)?.[1];
  if (!key) return value;
  if (!(key in strings)) throw new Error(`package.nls.json has no string for %${key}%.`);
  const string = strings[key];
  return typeof string === 'string' ? string : string.message;
}

export const manifest = resolve(read('package.json'));

/** Title of a command as the palette shows it. */
export const paletteTitle = ({ category, title }) => (category ? `${category}: ${title}` : title);
