import type { Bookmark, RunInfo } from '../../engine/protocol/index.ts';
import type { CatalogEntry } from './runCatalog.ts';

/** A row of the Runs tree: a run, one of its bookmarks, or a file that cannot be read. */
export type RunNode =
  | { readonly kind: 'run'; readonly info: RunInfo; readonly children: readonly RunNode[] }
  | { readonly kind: 'bookmark'; readonly info: RunInfo; readonly bookmark: Bookmark }
  | { readonly kind: 'problem'; readonly path: string; readonly problem: string };

/** Runs with their branches and bookmarks under them. A branch whose parent is gone stands at the top. */
export function runNodes(entries: readonly CatalogEntry[]): RunNode[] {
  const infos = entries.flatMap(({ info }) => (info ? [info] : []));
  const ids = new Set(infos.map(({ id }) => id));
  const inTree = new Set<string>();
  const node = (info: RunInfo): RunNode => {
    inTree.add(info.id);
    const marks = info.bookmarks.map((bookmark): RunNode => ({ kind: 'bookmark', info, bookmark }));
    const branches = infos.filter(({ id, parent }) => parent?.runId === info.id && !inTree.has(id)).map(node);
    return { kind: 'run', info, children: [...marks, ...branches] };
  };
  const roots = infos
    .filter(({ id, parent }) => !parent || parent.runId === id || !ids.has(parent.runId))
    .map(node);
  // Files that name each other as parents are damaged, but must not vanish.
  const lost: RunNode[] = [];
  for (const info of infos) if (!inTree.has(info.id)) lost.push(node(info));
  const problems = entries.flatMap((entry): RunNode[] =>
    entry.problem === undefined ? [] : [{ kind: 'problem', path: entry.path, problem: entry.problem }],
  );
  return [...roots, ...lost, ...problems];
}
