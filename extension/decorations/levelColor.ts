/**
 * Id of the contributed colour of a level. Three are contributed for the CMS levels; with more of them the fastest
 * and the slowest keep theirs and those between share the middle one.
 * @param levels levels of the model, fast to slow
 */
export function levelColor(id: string, levels: readonly { readonly id: string }[]): string {
  const match = /^cms\.(\d+)$/.exec(id);
  if (!match) return `hopescope.level.${id}`;
  const count = levels.filter(level => /^cms\.\d+$/.test(level.id)).length;
  const k = Number(match[1]);
  if (count <= 3) return `hopescope.level.cms${Math.min(k, 2)}`;
  return `hopescope.level.cms${k === 0 ? 0 : k < count - 1 ? 1 : 2}`;
}
