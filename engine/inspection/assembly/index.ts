export { addChange } from './change';
export { addStatistics } from './statistics';
export { widenBfloat16, widenHalf } from './widen';
