const mostWildcards = 8;
const longestPattern = 300;

/**
 * A pattern of tensor names: `*` is anything within one dotted part, `**` any number of parts, `{block}` the number of
 * the block.
 * @throws RangeError for one that is empty, too long or has more than eight wildcards
 */
export function namePattern(pattern: string): (name: string) => { readonly block?: number } | undefined {
  const wildcards = pattern.split(/\*+|\{block\}/).length - 1;
  if (pattern === '' || pattern.length > longestPattern || wildcards > mostWildcards) {
    throw new RangeError(
      `the pattern ${JSON.stringify(pattern.slice(0, 60))} must have 1 to ${longestPattern} characters and at most ${mostWildcards} wildcards`,
    );
  }
  let blocks = 0;
  const source = pattern.replace(/\{block\}|\*\*|\*|[^*{]+|\{/g, piece => {
    if (piece === '{block}') return blocks++ === 0 ? '(\\d{1,6})' : '\\d{1,6}';
    if (piece === '**') return '.*';
    if (piece === '*') return '[^.]*';
    return piece.replace(/[\\^$.|?+()[\]{}]/g, '\\$&');
  });
  const expression = new RegExp(`^${source}$`, 's');
  return name => {
    const found = expression.exec(name);
    if (!found) return undefined;
    return found[1] === undefined ? {} : { block: Number(found[1]) };
  };
}
