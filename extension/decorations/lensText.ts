import type { TrainResult } from '../../engine/protocol/index.ts';
import type { Snapshot } from '../state/store.ts';
import { duration, grouped } from '../training/figures.ts';

export interface LensFacts {
  readonly phase: Snapshot['phase'];
  /** Tokens of the text, as far as they are known. */
  readonly tokens: number;
  readonly updates: number;
  readonly progress: { readonly position: number; readonly total: number; readonly tokensPerSecond: number };
  readonly result?: TrainResult;
  /** Seconds since the training ended. */
  readonly age: number;
}

/** What stands above a trained range. */
export function lensText({ phase, tokens, updates, progress, result, age }: LensFacts): string {
  if (phase === 'running') {
    const { position, total, tokensPerSecond } = progress;
    const of = total > 0 ? ` of ${grouped(total)}` : '';
    // A training that is stepped through has no speed.
    const speed = tokensPerSecond > 0 ? ` · ${grouped(tokensPerSecond)} tokens/s` : '';
    return `Training · token ${grouped(position)}${of}${speed}`;
  }
  const ended =
    phase === 'failed' && !result
      ? 'Failed'
      : phase === 'cancelled' || result?.status === 'cancelled'
        ? 'Stopped'
        : 'Trained';
  const parts = [
    `${ended} ${ago(age)}`,
    count(result?.tokens ?? tokens, 'token'),
    ...(ended === 'Trained' ? [] : [count(updates, 'update')]),
    ...(result ? surprise(result) : []),
  ];
  return parts.join(' · ');
}

/** Milliseconds after which the text for such an age reads differently. */
export function nextChange(age: number): number {
  if (age < 90) return 10_000;
  return age < 5400 ? 60_000 : 360_000;
}

function surprise({ surpriseFirst, surpriseLast, positions, tokens }: TrainResult): string[] {
  if (!Number.isFinite(surpriseFirst)) return [];
  const once = positions <= tokens || !Number.isFinite(surpriseLast);
  return [`surprise ${surpriseFirst.toFixed(1)}${once ? '' : ` → ${surpriseLast.toFixed(1)}`} nats`];
}

function ago(seconds: number): string {
  return seconds < 1 ? 'just now' : `${duration(seconds)} ago`;
}

function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}
