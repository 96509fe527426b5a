import type { KernelConfig, TensorInfo } from '#tfjs';
import type { Exchange } from '../exchange.ts';
import type { KernelModule } from './kernelModule.ts';
import { ourKernel } from './ourKernel.ts';

const bytesPerFloat = 4;

/** [batch, first, second, inner] to [batch, second, first, inner], by the axis of the two that takes fewer copies. */
export function exchangeKernel({ kernels }: KernelModule): KernelConfig {
  return ourKernel<{ x: TensorInfo }, Exchange>('HopeExchange', ({ inputs, attributes, make, at }) => {
    const { batch, first, second, inner, shape } = attributes;
    const out = make(shape);
    const row = inner * bytesPerFloat;
    const matrix = first * second * row;
    for (let b = 0; b < batch; b++) {
      const from = at(inputs.x) + b * matrix;
      const to = at(out) + b * matrix;
      if (second <= first) {
        for (let i = 0; i < second; i++) {
          kernels.copyBlocks(from + i * row, second * row, to + i * first * row, row, row, first);
        }
      } else {
        for (let i = 0; i < first; i++) {
          kernels.copyBlocks(from + i * second * row, row, to + i * row, first * row, row, second);
        }
      }
    }
    return out;
  });
}
