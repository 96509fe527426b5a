import { backend_util, getKernel, type KernelConfig, slice_util, type TensorInfo, util } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

const bytesPerElement = 4;

/** Elements before an axis and bytes of one of its steps. */
function around(shape: number[], axis: number): { outer: number; step: number } {
  const outer = util.sizeFromShape(shape.slice(0, axis));
  return { outer, step: util.sizeFromShape(shape.slice(axis + 1)) * bytesPerElement };
}

function isWide(x: TensorInfo): boolean {
  return x.dtype === 'float32' || x.dtype === 'int32';
}

/** The axis along which `part` is smaller or larger than `whole`; -1 when none, undefined when several. */
function onlyDifferingAxis(whole: number[], part: number[]): number | undefined {
  const axes = whole.flatMap((size, axis) => (size === part[axis] ? [] : [axis]));
  return axes.length > 1 ? undefined : (axes[0] ?? -1);
}

function slice({ kernels }: KernelModule): KernelConfig {
  const stock = getKernel('Slice', 'wasm').kernelFunc;
  return {
    kernelName: 'Slice',
    backendName: 'wasm',
    kernelFunc: call => {
      const x = call.inputs.x as TensorInfo;
      const attrs = call.attrs as unknown as { begin: number | number[]; size: number | number[] };
      const backend = call.backend as HostBackend;
      const [begin, size] = slice_util.parseSliceParams(x as never, attrs.begin, attrs.size);
      slice_util.assertParamsValid(x as never, begin, size);
      const axis = onlyDifferingAxis(x.shape, size);
      if (!isWide(x) || axis === undefined || util.sizeFromShape(size) === 0) return stock(call);
      const out = backend.makeOutput(size, x.dtype);
      const { outer, step } = around(x.shape, Math.max(0, axis));
      const at = Math.max(0, axis);
      const whole = (x.shape[at] ?? 1) * step;
      const part = (size[at] ?? 1) * step;
      const from = addressOf(backend, x) + (begin[at] ?? 0) * step;
      kernels.copyBlocks(from, whole, addressOf(backend, out), part, part, outer);
      return out;
    },
  };
}

function split({ kernels }: KernelModule): KernelConfig {
  const stock = getKernel('SplitV', 'wasm').kernelFunc;
  return {
    kernelName: 'SplitV',
    backendName: 'wasm',
    kernelFunc: call => {
      const x = call.inputs.x as TensorInfo;
      const attrs = call.attrs as unknown as { numOrSizeSplits: number | number[]; axis: number };
      const backend = call.backend as HostBackend;
      if (!isWide(x)) return stock(call);
      const [axis] = util.parseAxisParam(attrs.axis, x.shape);
      const { outer, step } = around(x.shape, axis);
      const sizes = backend_util.prepareSplitSize(x as never, attrs.numOrSizeSplits, axis);
      let begin = 0;
      return sizes.map(size => {
        const out = backend.makeOutput(x.shape.with(axis, size), x.dtype);
        const from = addressOf(backend, x) + begin * step;
        begin += size;
        kernels.copyBlocks(
          from,
          x.shape[axis] * step,
          addressOf(backend, out),
          size * step,
          size * step,
          outer,
        );
        return out;
      });
    },
  };
}

function concat({ kernels }: KernelModule): KernelConfig {
  const stock = getKernel('Concat', 'wasm').kernelFunc;
  return {
    kernelName: 'Concat',
    backendName: 'wasm',
    kernelFunc: call => {
      const parts = Object.values(call.inputs) as TensorInfo[];
      const backend = call.backend as HostBackend;
      if (!parts.every(part => isWide(part) && part.dtype === parts[0].dtype)) return stock(call);
      const [axis] = util.parseAxisParam((call.attrs as unknown as { axis: number }).axis, parts[0].shape);
      const shapes = parts.map(part => part.shape);
      backend_util.assertParamsConsistent(shapes, axis);
      const out = backend.makeOutput(backend_util.computeOutShape(shapes, axis), parts[0].dtype);
      const { outer, step } = around(out.shape, axis);
      let to = addressOf(backend, out);
      for (const part of parts) {
        const bytes = part.shape[axis] * step;
        kernels.copyBlocks(addressOf(backend, part), bytes, to, out.shape[axis] * step, bytes, outer);
        to += bytes;
      }
      return out;
    },
  };
}

function tile({ kernels }: KernelModule): KernelConfig {
  const stock = getKernel('Tile', 'wasm').kernelFunc;
  return {
    kernelName: 'Tile',
    backendName: 'wasm',
    kernelFunc: call => {
      const x = call.inputs.x as TensorInfo;
      const { reps } = call.attrs as unknown as { reps: number[] };
      const backend = call.backend as HostBackend;
      const shape = x.shape.map((size, axis) => size * reps[axis]);
      const axis = onlyDifferingAxis(x.shape, shape);
      if (!isWide(x) || axis === undefined || axis < 0) return stock(call);
      const out = backend.makeOutput(shape, x.dtype);
      const { outer, step } = around(x.shape, axis);
      const bytes = x.shape[axis] * step;
      for (let i = 0; i < reps[axis]; i++) {
        const to = addressOf(backend, out) + i * bytes;
        kernels.copyBlocks(addressOf(backend, x), bytes, to, bytes * reps[axis], bytes, outer);
      }
      return out;
    },
  };
}

function pad({ kernels }: KernelModule): KernelConfig {
  const stock = getKernel('PadV2', 'wasm').kernelFunc;
  return {
    kernelName: 'PadV2',
    backendName: 'wasm',
    kernelFunc: call => {
      const x = call.inputs.x as TensorInfo;
      const attrs = call.attrs as unknown as { paddings: [number, number][]; constantValue: number };
      const backend = call.backend as HostBackend;
      const shape = x.shape.map((size, axis) => size + attrs.paddings[axis][0] + attrs.paddings[axis][1]);
      const axis = onlyDifferingAxis(x.shape, shape);
      if (!isWide(x) || attrs.constantValue !== 0 || axis === undefined || axis < 0) return stock(call);
      const out = backend.makeOutput(shape, x.dtype);
      const { outer, step } = around(x.shape, axis);
      const to = addressOf(backend, out);
      const bytes = x.shape[axis] * step;
      kernels.clear(to, util.sizeFromShape(shape) * bytesPerElement);
      const begin = to + attrs.paddings[axis][0] * step;
      kernels.copyBlocks(addressOf(backend, x), bytes, begin, shape[axis] * step, bytes, outer);
      return out;
    },
  };
}

/** Swaps the last two axes in our blocks; every other permutation is left to the library. */
function transpose({ kernels }: KernelModule): KernelConfig {
  const stock = getKernel('Transpose', 'wasm').kernelFunc;
  return {
    kernelName: 'Transpose',
    backendName: 'wasm',
    kernelFunc: call => {
      const x = call.inputs.x as TensorInfo;
      const { perm } = call.attrs as unknown as { perm: number[] };
      const backend = call.backend as HostBackend;
      const rank = x.shape.length;
      const swaps = perm.every((from, to) => from === (to < rank - 2 ? to : 2 * rank - 3 - to));
      if (!isWide(x) || rank < 2 || !swaps) return stock(call);
      const [m, n] = x.shape.slice(-2);
      const outer = x.shape.slice(0, -2);
      const out = backend.makeOutput([...outer, n, m], x.dtype);
      kernels.transposeMatrices(
        addressOf(backend, x),
        addressOf(backend, out),
        util.sizeFromShape(outer),
        m,
        n,
      );
      return out;
    },
  };
}

/** Operations that only move 4-byte elements. */
export function copyKernels(module: KernelModule): KernelConfig[] {
  return [slice(module), split(module), concat(module), tile(module), pad(module), transpose(module)];
}
