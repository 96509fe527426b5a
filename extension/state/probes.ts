import type * as vscode from 'vscode';
import type { Probe, ProbeScore } from '../../engine/protocol/index.ts';

/** A probe of the workspace with its score now and before the last training, where they are known. */
export interface ProbeEntry {
  readonly probe: Probe;
  readonly before?: ProbeScore;
  readonly score?: ProbeScore;
  /** Kept in the workspace's probes file, not in VS Code's state. */
  readonly pinned?: boolean;
}

const KEY = 'hopescope.probes';

export function sameProbe(a: Probe, b: Probe): boolean {
  return a.prompt === b.prompt && a.answer === b.answer;
}

/** Probes kept for a workspace. Scores are not: they belong to a memory that ends with its engine. */
export function readProbes(memento: Pick<vscode.Memento, 'get'>): ProbeEntry[] {
  const kept: unknown = memento.get(KEY);
  if (!Array.isArray(kept)) return [];
  return kept.filter(isProbe).map(({ prompt, answer }) => ({ probe: { prompt, answer } }));
}

export function writeProbes(
  memento: Pick<vscode.Memento, 'update'>,
  probes: readonly ProbeEntry[],
): Thenable<void> {
  return memento.update(
    KEY,
    probes.filter(({ pinned }) => !pinned).map(({ probe }) => probe),
  );
}

function isProbe(value: unknown): value is Probe {
  if (typeof value !== 'object' || value === null) return false;
  const { prompt, answer } = value as Partial<Record<keyof Probe, unknown>>;
  return typeof prompt === 'string' && typeof answer === 'string' && answer !== '';
}
