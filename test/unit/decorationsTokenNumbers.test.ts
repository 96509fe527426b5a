import { describe, expect, it } from 'vitest';
import { METRIC_INDEX, METRICS, type Update } from '../../engine/protocol/index.ts';
import { tokenNumbers } from '../../extension/decorations/tokenNumbers.ts';
import { RunHistory } from '../../extension/state/runHistory.ts';

const levels = [
  { id: 'memory', period: 2 },
  { id: 'projections', period: 4 },
  { id: 'cms.0', period: 12 },
  { id: 'outer', period: 0 },
] as const;
const BLOCKS = 2;

/** A run over five tokens, two a tick; surprise and ‖∇_y L‖ tell which update they come from. */
function run(updates: number, kept?: number): RunHistory {
  const segments = [{ textStart: 0, documentStart: 0, length: 5 }];
  const text = { documentUri: 'file:///a', documentVersion: 1, segments };
  const history = new RunHistory({ id: 'r', title: 'a', text, blocks: BLOCKS, levels }, kept);
  const starts = Uint32Array.of(0, 1, 2, 3, 4);
  history.addTokens({ runId: 'r', first: 0, starts, ends: starts.map(start => start + 1) });
  history.append(Array.from({ length: updates }, (_, index) => update(index)));
  return history;
}

function update(index: number): Update {
  const metrics = new Float32Array(BLOCKS * 3 * METRICS.length).fill(Number.NaN);
  const read = 2 * (index + 1);
  for (let block = 0; block < BLOCKS; block++) {
    levels.slice(0, 3).forEach(({ id, period }, level) => {
      const fired = read % period === 0;
      const put = (name: keyof typeof METRIC_INDEX, value: number) => {
        metrics[(block * 3 + level) * METRICS.length + METRIC_INDEX[name]] = value;
      };
      put('fired', fired ? 1 : 0);
      put('deltaNorm', fired ? index + 2 * block : 0);
      put('weightNorm', 100);
      put('pending', read % period);
      if (id !== 'projections' || fired) put('lss', 10 * level + index + 2 * block);
      if (id !== 'cms.0') put('eta', 0.1 * (block + 1));
      if (id !== 'cms.0') put('alpha', 0.9);
    });
  }
  const surprise = Float32Array.of(index, index + 0.5);
  return { index, position: 2 * index, loss: index, surprise, metrics };
}

describe('tokenNumbers', () => {
  it('takes what read the token from its newest pass and what changed from the first update after it', () => {
    // Updates 0…5 read positions 0…11. Token 3 was read at 3 and at 8, by update 4.
    const numbers = tokenNumbers(run(6), 3, true);
    expect(numbers).toMatchObject({ token: 3, first: 1.5, latest: 4, pass: 1, blocks: 2 });
    const [memory, projections, cms] = numbers.levels;
    expect(memory).toMatchObject({ id: 'memory', period: 2, firing: { kind: 'at', token: 5, pass: 1 } });
    expect(memory.relative).toBeCloseTo(0.05);
    expect(memory.lss).toBe(5);
    expect(memory.eta).toBeCloseTo(0.15);
    expect(memory.alpha).toBeCloseTo(0.9);
    // Update 5 completes 12 positions: 7 of the second pass, of which the third has begun.
    expect(projections.firing).toEqual({ kind: 'at', token: 2, pass: 2 });
    expect(projections.relative).toBeCloseTo(0.06);
    expect(projections.lss).toBe(16);
    expect(cms.firing).toEqual({ kind: 'at', token: 2, pass: 2 });
    expect(cms.lss).toBe(25);
    expect(cms.eta).toBeNaN();
  });

  it('says how many tokens a level still waits for, and nothing when no more come', () => {
    const waiting = tokenNumbers(run(5), 3, true).levels;
    expect(waiting[1].firing).toEqual({ kind: 'in', tokens: 2 });
    expect(waiting[2].firing).toEqual({ kind: 'in', tokens: 2 });
    expect(waiting[2].relative).toBeNaN();
    expect(tokenNumbers(run(5), 3, false).levels[2].firing).toEqual({ kind: 'none' });
  });

  it('keeps the surprise when the update is forgotten', () => {
    const numbers = tokenNumbers(run(2, 1), 0, true);
    expect(numbers).toMatchObject({ first: 0, latest: 0, levels: [] });
  });

  it('knows nothing of a token that was not read', () => {
    const numbers = tokenNumbers(run(1), 4, true);
    expect(numbers.latest).toBeNaN();
    expect(numbers.levels).toEqual([]);
  });
});
