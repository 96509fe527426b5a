import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FrameCoalescer } from '../../extension/levelsView/frameCoalescer.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function coalescer(limit = 100) {
  const frames: number[][] = [];
  const answers: PromiseWithResolvers<void>[] = [];
  let overflows = 0;
  const made = new FrameCoalescer<number>(
    {
      send: items => {
        frames.push([...items]);
        answers.push(Promise.withResolvers<void>());
        return answers[answers.length - 1].promise;
      },
      overflow: () => {
        overflows += 1;
      },
    },
    33,
    limit,
  );
  const answer = async () => {
    answers.shift()?.resolve();
    await vi.advanceTimersByTimeAsync(0);
  };
  return { made, frames, answers, answer, overflows: () => overflows };
}

describe('FrameCoalescer', () => {
  it('sends the first at once and merges what comes until the answer', async () => {
    const { made, frames, answer } = coalescer();
    made.push([1]);
    made.push([2, 3]);
    made.push([4]);
    expect(frames).toEqual([[1]]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(frames).toEqual([[1]]);
    await answer();
    expect(frames).toEqual([[1], [2, 3, 4]]);
  });

  it('sends no more than one frame an interval, however fast the answers', async () => {
    const { made, frames, answer } = coalescer();
    made.push([1]);
    await answer();
    made.push([2]);
    made.push([3]);
    expect(frames).toEqual([[1]]);
    await vi.advanceTimersByTimeAsync(32);
    expect(frames).toEqual([[1]]);
    await vi.advanceTimersByTimeAsync(1);
    expect(frames).toEqual([[1], [2, 3]]);
  });

  it('loses nothing and keeps the order over many pushes and slow answers', async () => {
    const { made, frames, answer } = coalescer();
    for (let i = 0; i < 50; i++) {
      made.push([i]);
      if (i % 7 === 0) await answer();
      await vi.advanceTimersByTimeAsync(11);
    }
    while (frames.flat().length < 50) {
      await answer();
      await vi.advanceTimersByTimeAsync(40);
    }
    expect(frames.flat()).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(frames.length).toBeLessThan(50);
  });

  it('goes on after a view refused a frame', async () => {
    const { made, frames, answers } = coalescer();
    made.push([1]);
    answers[0].reject(new Error('refused'));
    await vi.advanceTimersByTimeAsync(0);
    made.push([2]);
    await vi.advanceTimersByTimeAsync(40);
    expect(frames).toEqual([[1], [2]]);
  });

  it('forgets at a reset, also the answer still owed', async () => {
    const { made, frames, answers } = coalescer();
    made.push([1]);
    made.push([2]);
    const owed = answers[0];
    made.reset();
    await vi.advanceTimersByTimeAsync(40);
    made.push([3]);
    expect(frames).toEqual([[1], [3]]);
    made.push([4]);
    owed.resolve();
    await vi.advanceTimersByTimeAsync(100);
    expect(frames).toEqual([[1], [3]]);
  });

  it('asks for the backlog when too much waits', () => {
    const { made, frames, overflows } = coalescer(3);
    made.push([1]);
    made.push([2, 3, 4]);
    expect(overflows()).toBe(0);
    made.push([5]);
    expect(overflows()).toBe(1);
    expect(frames).toEqual([[1]]);
  });
});
