import { tf } from './tf.ts';

/**
 * −log softmax(logits)[label] for each row. `logits` [N, V] float32, `labels` [N] int32 within [0, V); returns
 * [N], in nats. Throws when the shapes do not fit.
 */
export function crossEntropy(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  if (
    logits.rank !== 2 ||
    labels.rank !== 1 ||
    logits.shape[0] !== labels.shape[0] ||
    labels.dtype !== 'int32'
  ) {
    throw new Error(
      `Cross entropy of logits [${logits.shape}] with ${labels.dtype} labels [${labels.shape}]: ` +
        'logits must be [N, V] and labels int32 [N].',
    );
  }
  if (!tf.getKernel('HopeCrossEntropy', tf.getBackend())) return tf.tidy(() => composed(logits, labels));
  const [loss] = tf.engine().runKernel('HopeCrossEntropy', { logits, labels }) as tf.Tensor1D[];
  return loss;
}

function composed(logits: tf.Tensor2D, labels: tf.Tensor1D): tf.Tensor1D {
  const classes = tf.range(0, logits.shape[1], 1, 'int32');
  const isLabel = tf.cast(tf.equal(tf.expandDims(labels, 1), classes), 'float32');
  return tf.sub(tf.logSumExp(logits, 1), tf.sum(tf.mul(logits, isLabel), 1));
}

tf.registerGradient({
  kernelName: 'HopeCrossEntropy',
  inputsToSave: ['logits', 'labels'],
  outputsToSave: [false, true],
  gradFunc: (dys, saved) => {
    const [logits, labels, normalizer] = saved;
    const [dy] = dys as tf.Tensor[];
    const run = () =>
      tf.engine().runKernel('HopeCrossEntropyGrad', { logits, labels, normalizer, dy }) as tf.Tensor;
    return { logits: run };
  },
});
