/** Reads “3 to 40”, “3–40” or “3 40”. */
export function parseRange(text: string, updates: number): { from: number; to: number } | undefined {
  const match = /^\s*(\d{1,9})\s*(?:to|[-–—,\s])\s*(\d{1,9})\s*$/u.exec(text);
  if (!match) return undefined;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return from < to && to <= updates ? { from, to } : undefined;
}

export function rangeProblem(updates: number): string {
  return `Write two numbers from 0 to ${updates}, the smaller one first, as in “0 to ${updates}”.`;
}
