import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HeartbeatWatch } from '../../extension/engine/heartbeatWatch.ts';
import { RestartPolicy } from '../../extension/engine/restartPolicy.ts';

describe('RestartPolicy', () => {
  it('waits longer each time and gives up after three in a minute', () => {
    const policy = new RestartPolicy();
    const delays = [0, 1_000, 2_000, 3_000].map(now => policy.next(now));
    expect(delays).toEqual([100, 1_000, 3_000, undefined]);
  });

  it('starts over when a minute has passed', () => {
    const policy = new RestartPolicy();
    for (const now of [0, 30_000, 40_000]) policy.next(now);
    expect(policy.next(59_999)).toBeUndefined();
    expect(policy.next(60_000)).toBe(3_000);
    expect(policy.next(60_001)).toBeUndefined();
    expect(policy.next(200_000)).toBe(100);
  });
});

describe('HeartbeatWatch', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('speaks once, after more silent checks than allowed', () => {
    const silent = vi.fn();
    const watch = new HeartbeatWatch(1_000, 15, silent);
    vi.advanceTimersByTime(10_000);
    watch.beat();
    vi.advanceTimersByTime(15_000);
    expect(silent).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    expect(silent).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    expect(silent).toHaveBeenCalledTimes(1);
  });

  it('says nothing after it was disposed', () => {
    const silent = vi.fn();
    new HeartbeatWatch(1, 1, silent).dispose();
    vi.advanceTimersByTime(100);
    expect(silent).not.toHaveBeenCalled();
  });
});
