import type { SmallShape } from './smallHope.ts';

/** Every option of the memories, alone and with others that it meets. */
export const TITANS_VARIANTS: Readonly<Record<string, SmallShape>> = {
  'half the L2 loss': { titans: { objective: 'half-l2' } },
  'the dot product': { titans: { objective: 'dot-product' } },
  'linear memories': { titans: { memory: 'linear' } },
  'linear memories, half the L2 loss, no ceiling in reach': {
    titans: { memory: 'linear', objective: 'half-l2', gradient_ceiling: 1000 },
  },
  'adaptive q': { titans: { adaptive: ['k', 'v', 'q', 'eta', 'alpha'] } },
  'static k and α': { titans: { adaptive: ['v', 'eta'] } },
  'a static v and adaptive q, linear': { titans: { adaptive: ['k', 'q', 'eta', 'alpha'], memory: 'linear' } },
  'gates with a skip': { titans: { gate_skip: true } },
  'gates with a skip, momentum': { titans: { gate_skip: true, momentum: 0.6 } },
  momentum: { titans: { momentum: 0.8 } },
  'momentum, memory slower than projections': { memory: 8, projections: 2, titans: { momentum: 0.5 } },
  'no erasing': { titans: { erase: false } },
  'no erasing, but momentum': { titans: { erase: false, momentum: 0.7 } },
  'a head that only sums up': { titans: { summing_heads: 1 } },
  'a head that only sums up, linear, half the L2 loss, shared values, momentum': {
    titans: { summing_heads: 1, memory: 'linear', objective: 'half-l2', values: 'shared', momentum: 0.5 },
  },
  'no decay': { titans: { retention: false, adaptive: ['k', 'v', 'eta'] } },
  'shared values': { titans: { values: 'shared' } },
  'shared values, adaptive q, linear, momentum': {
    titans: { values: 'shared', adaptive: ['k', 'v', 'q', 'eta', 'alpha'], memory: 'linear', momentum: 0.6 },
  },
  Titans: { system: 'titans', cms: [4], titans: { adaptive: [], values: 'shared', momentum: 0.9 } },
  'Titans with a linear memory and the dot product': {
    system: 'titans',
    cms: [4],
    titans: { adaptive: [], values: 'shared', memory: 'linear', objective: 'dot-product' },
  },
};
