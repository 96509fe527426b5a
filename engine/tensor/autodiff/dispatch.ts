// A training step is some hundred thousand small operations, and the library spends more time around a kernel than
// in it: a recorded clone for every tensor that a gradient may need, three sets for every scope that ends, weak maps
// that the garbage collector has to walk. The replacements here do the same with less.
import { tf } from '../tf.ts';
import { internals, type Saved } from './internals.ts';

const { state } = internals;
const stockRunKernel = internals.runKernel.bind(internals);
const stockEndScope = internals.endScope.bind(internals);
const stockSave = internals.saveTensorsForBackwardMode.bind(internals);

const needShapesOnly = new Set([
  'Add',
  'Sub',
  'Reshape',
  'ExpandDims',
  'Slice',
  'PadV2',
  'Concat',
  'Tile',
  'Sum',
  'Mean',
]);
const nothing = () => undefined;

function shapeOf({ shape, rank, dtype, size }: tf.Tensor): Saved {
  return { shape, rank, dtype, size, dispose: nothing };
}

/** A second handle on a tensor's data, outside of every scope and not recorded on the tape. */
function share(x: tf.Tensor): tf.Tensor {
  const handle = new tf.Tensor(x.shape, x.dtype, x.dataId, internals.nextTensorId());
  internals.backend.incRef(x.dataId);
  state.numTensors++;
  state.numBytes += x.size * tf.util.bytesPerElement(x.dtype);
  handle.kept = true;
  return handle;
}

/**
 * Keeps what a gradient will need. Only a tape inside another one must know that the kept tensors are the same as
 * the originals; there the library's own recorded clones are made.
 */
function save(tensors: tf.Tensor[]): Saved[] {
  const plain =
    state.gradientDepth === 1 && tensors.every(each => each.dtype !== 'string' && each.dtype !== 'complex64');
  return plain ? tensors.map(share) : stockSave(tensors);
}

function runKernel(
  name: string,
  inputs: tf.NamedTensorMap,
  attributes?: tf.NamedAttrMap,
): tf.Tensor | tf.Tensor[] {
  const kernel = internals.backendName === null ? undefined : tf.getKernel(name, internals.backendName);
  if (!kernel || state.profiling || internals.ENV.getBool('DEBUG'))
    return stockRunKernel(name, inputs, attributes);
  const recorded = state.gradientDepth > 0 && state.kernelDepth === 0;
  let outputs: tf.Tensor[];
  let several = false;
  let saved: Saved[] = [];
  state.kernelDepth++;
  try {
    const out = kernel.kernelFunc({ inputs, attrs: attributes, backend: internals.backend });
    several = Array.isArray(out);
    outputs = (Array.isArray(out) ? out : [out]).map(info =>
      info instanceof tf.Tensor ? info : internals.makeTensorFromTensorInfo(info),
    );
    if (recorded) {
      const needed = internals.getTensorsForGradient(name, inputs, outputs);
      saved = needShapesOnly.has(name) ? needed.map(shapeOf) : internals.saveTensorsForBackwardMode(needed);
    }
  } finally {
    state.kernelDepth--;
  }
  if (recorded) internals.addTapeNode(name, inputs, outputs, null, saved, attributes!);
  return several ? outputs : outputs[0];
}

/** The tensors of a scope's result when it is one or a few of them; undefined for other containers. */
function fewTensors(result: tf.TensorContainer | undefined): tf.Tensor[] | undefined {
  if (result === undefined || result === null) return [];
  if (result instanceof tf.Tensor) return [result];
  if (!Array.isArray(result) || result.length > 4) return undefined;
  return result.every(each => each instanceof tf.Tensor) ? (result as tf.Tensor[]) : undefined;
}

/** Disposes what the scope made, other than its result, which the scope around it takes over. */
function endScope(result?: tf.TensorContainer): void {
  const results = fewTensors(result);
  if (!results) {
    stockEndScope(result);
    return;
  }
  const scope = state.scopeStack.pop()!;
  state.activeScope = state.scopeStack.at(-1) ?? null;
  for (const tensor of scope.track) if (!tensor.kept && !results.includes(tensor)) tensor.dispose();
  for (let i = 0; i < results.length; i++) {
    const tensor = results[i];
    if (!tensor.kept && tensor.scopeId === scope.id && results.indexOf(tensor) === i) internals.track(tensor);
  }
}

state.tensorInfo = new Map();
internals.runKernel = runKernel;
internals.saveTensorsForBackwardMode = save;
internals.endScope = endScope;
