import { LRUCache } from 'lru-cache';
import type { StateSnapshot } from '../model/stateSnapshot.ts';

/** States kept in memory: some forty whole ones of the default model, hundreds where they share most. */
const MOST_BYTES = 256 * 2 ** 20;
const MOST_STATES = 8192;

/**
 * Fast states of recorded moments, the least recently used ones dropped first. Snapshots share what did not change
 * between them, so every tensor is counted once.
 */
export class StateCache {
  private readonly states = new LRUCache<string, StateSnapshot>({
    max: MOST_STATES,
    dispose: snapshot => this.release(snapshot),
  });
  private readonly holders = new Map<object, number>();
  private bytes = 0;

  constructor(private readonly mostBytes = MOST_BYTES) {}

  /** Keeps a snapshot, which from now on belongs to the cache. */
  put(run: string, updates: number, snapshot: StateSnapshot): void {
    for (const { dataId, size } of snapshot.all()) {
      const holders = this.holders.get(dataId) ?? 0;
      this.holders.set(dataId, holders + 1);
      if (holders === 0) this.bytes += size * 4;
    }
    this.states.set(key(run, updates), snapshot);
    while (this.bytes > this.mostBytes) this.states.pop();
  }

  /** The latest state at or before so many updates, and after more than `above`. Belongs to the cache. */
  nearest(
    run: string,
    updates: number,
    above: number,
  ): { updates: number; snapshot: StateSnapshot } | undefined {
    for (let at = updates; at > above; at--) {
      const snapshot = this.states.get(key(run, at));
      if (snapshot) return { updates: at, snapshot };
    }
    return undefined;
  }

  clear(): void {
    this.states.clear();
  }

  private release(snapshot: StateSnapshot): void {
    for (const { dataId, size } of snapshot.all()) {
      const holders = this.holders.get(dataId)! - 1;
      if (holders > 0) {
        this.holders.set(dataId, holders);
        continue;
      }
      this.holders.delete(dataId);
      this.bytes -= size * 4;
    }
    snapshot.dispose();
  }
}

function key(run: string, updates: number): string {
  return `${updates} ${run}`;
}
