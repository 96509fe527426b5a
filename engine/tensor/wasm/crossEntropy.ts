import type { KernelConfig, TensorInfo } from '#tfjs';
import { addressOf, type HostBackend } from './hostBackend.ts';
import type { KernelModule } from './kernelModule.ts';

/** Cross entropy of logits [N, V] with int32 labels [N]: outputs the loss [N] and log Σ exp(logits) [N]. */
function forward({ kernels }: KernelModule): KernelConfig {
  return {
    kernelName: 'HopeCrossEntropy',
    backendName: 'wasm',
    kernelFunc: args => {
      const { logits, labels } = args.inputs as { logits: TensorInfo; labels: TensorInfo };
      const backend = args.backend as HostBackend;
      const [rows, width] = logits.shape;
      const loss = backend.makeOutput([rows], 'float32');
      const normalizer = backend.makeOutput([rows], 'float32');
      kernels.rowSums(
        addressOf(backend, logits),
        addressOf(backend, loss),
        addressOf(backend, normalizer),
        rows,
        width,
      );
      const values = backend.typedArrayFromHeap(logits) as Float32Array;
      const classes = backend.typedArrayFromHeap(labels) as Int32Array;
      // For a moment the first holds the largest logit of each row and the second Σ exp(logit − largest).
      const losses = backend.typedArrayFromHeap(loss) as Float32Array;
      const normalizers = backend.typedArrayFromHeap(normalizer) as Float32Array;
      for (let i = 0; i < rows; i++) {
        const label = classes[i];
        const shifted = Math.log(normalizers[i]);
        const largest = losses[i];
        const inside = label >= 0 && label < width;
        losses[i] = inside ? shifted + (largest - values[i * width + label]) : Number.NaN;
        normalizers[i] = largest + shifted;
      }
      return [loss, normalizer];
    },
  };
}

/** dy·(softmax(logits) − onehot(labels)) [N, V], from the saved normalizer. */
function gradient({ kernels }: KernelModule): KernelConfig {
  return {
    kernelName: 'HopeCrossEntropyGrad',
    backendName: 'wasm',
    kernelFunc: args => {
      const { logits, labels, normalizer, dy } = args.inputs as Record<string, TensorInfo>;
      const backend = args.backend as HostBackend;
      const [rows, width] = logits.shape;
      const out = backend.makeOutput([rows, width], 'float32');
      kernels.crossEntropyGradient(
        addressOf(backend, logits),
        addressOf(backend, labels),
        addressOf(backend, normalizer),
        addressOf(backend, dy),
        addressOf(backend, out),
        rows,
        width,
      );
      return out;
    },
  };
}

/** Cross entropy with integer labels and its gradient, without a one-hot or a softmax tensor in between. */
export function crossEntropyKernels(module: KernelModule): KernelConfig[] {
  return [forward(module), gradient(module)];
}
