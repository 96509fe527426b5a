// What compilers, wrappers and this program's own fast states put in front of every name.
const prefixes = /^(?:_orig_mod\.|module\.|fast\.)+/;

/** The name without what a wrapper put in front of it: the same tensor has it in every file. */
export function bareName(name: string): string {
  return name.replace(prefixes, '').replaceAll('._orig_mod.', '.');
}
