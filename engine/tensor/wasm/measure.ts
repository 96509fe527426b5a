import { type KernelConfig, type TensorInfo, util } from '#tfjs';
import type { MeasureStep } from '../measure.ts';
import type { HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

/** Inputs are the tensors of each step, with those they are compared to; outputs the steps' numbers. */
export function measureKernel(module: KernelModule, backend: HostBackend): KernelConfig {
  const { kernels } = module;
  return ourKernel<TensorInfo[], { steps: readonly MeasureStep[] }>(
    'HopeMeasure',
    ({ inputs, attributes: { steps }, make, at }) => {
      const numbers: number[] = [];
      let next = 0;
      const take = (count: number) => {
        next += count;
        return inputs.slice(next - count, next);
      };
      for (const { what, count, pairs, groups } of steps) {
        const of = take(count);
        const from = pairs ? take(count) : [];
        if (what === 'squares') {
          let sum = 0;
          for (let i = 0; i < count; i++) {
            sum += kernels.squaredDistance(at(of[i]), at(from[i]), util.sizeFromShape(of[i].shape));
          }
          numbers.push(sum);
        } else if (what === 'write') {
          numbers.push(...writeSquares(module, of, from, take(count), take(count), groups, at));
        } else if (what === 'rowNorm') numbers.push(...rowNorms(module, of, groups, at));
        else numbers.push(mean(backend.typedArrayFromHeap(of[0]), what === 'meanExponential'));
      }
      const out = make([numbers.length]);
      (backend.typedArrayFromHeap(out) as Float32Array).set(numbers);
      return out;
    },
  );
}

/** Σ error², Σ (after − before)², Σ after² and Σ (after − base)² of each group. */
export function writeSquares(
  { kernels, workspace, doubles }: KernelModule,
  after: readonly TensorInfo[],
  before: readonly TensorInfo[],
  error: readonly TensorInfo[],
  base: readonly TensorInfo[],
  groups: number,
  at: (tensor: TensorInfo | undefined) => number,
): Float64Array {
  const sums = workspace(4 * 8 * groups);
  doubles(sums, 4 * groups).fill(0);
  const each = after.length / groups;
  for (let i = 0; i < after.length; i++) {
    const into = sums + 32 * Math.floor(i / each);
    const size = util.sizeFromShape(after[i].shape);
    kernels.writeSquares(at(error[i]), at(before[i]), at(after[i]), at(base[i]), into, size);
  }
  return doubles(sums, 4 * groups);
}

function rowNorms(
  { kernels, workspace }: KernelModule,
  tensors: readonly TensorInfo[],
  groups: number,
  at: (tensor: TensorInfo) => number,
): number[] {
  const widths = tensors.map(({ shape }) => shape[shape.length - 1]);
  const rows = util.sizeFromShape(tensors[0].shape) / widths[0];
  const squares = workspace(4 * rows);
  tensors.forEach((x, i) => {
    kernels.rowSquares(at(x), squares, rows, widths[i], i > 0);
  });
  const each = rows / groups;
  return Array.from({ length: groups }, (_, group) => kernels.meanRoot(squares + 4 * group * each, each));
}

/** Gates are so few that a kernel would not pay. */
function mean(values: ArrayLike<number>, exponential: boolean): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += exponential ? Math.exp(values[i]) : values[i];
  return sum / values.length;
}
