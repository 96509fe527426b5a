import { tf } from '../tf.ts';
import { internals, type TapeNode } from './internals.ts';
import { wanting } from './wanted.ts';

const { state } = internals;
const stockGradients = internals.gradients.bind(internals);

/** Marks the operations between the inputs and the result, and drops what the others saved. */
function pathOf(tape: TapeNode[], xs: tf.Tensor[], y: tf.Tensor): { onPath: boolean[]; fromX: Set<number> } {
  const fromX = new Set(xs.map(x => x.id));
  const reached = tape.map(({ inputs, outputs }) => {
    if (!Object.values(inputs).some(input => fromX.has(input.id))) return false;
    for (const output of outputs) fromX.add(output.id);
    return true;
  });
  const toY = new Set([y.id]);
  const onPath = Array<boolean>(tape.length).fill(false);
  for (let i = tape.length - 1; i >= 0; i--) {
    const { inputs, outputs } = tape[i];
    if (!reached[i] || !outputs.some(output => toY.has(output.id))) continue;
    onPath[i] = true;
    for (const { id } of Object.values(inputs)) if (fromX.has(id)) toY.add(id);
  }
  tape.forEach((node, i) => {
    if (!onPath[i]) disposeSaved(node);
  });
  return { onPath, fromX };
}

function disposeSaved(node: TapeNode): void {
  for (const each of node.saved) each.dispose();
}

function checkGradient(node: TapeNode, name: string, dx: tf.Tensor | undefined): asserts dx is tf.Tensor {
  if (!dx) throw new Error(`The gradient of ${node.kernelName} does not cover its input ${name}.`);
  const { shape } = node.inputs[name];
  if (dx.dtype === 'float32' && tf.util.arraysEqual(dx.shape, shape)) return;
  throw new Error(
    `The gradient of ${node.kernelName} for its input ${name} is ${dx.dtype} [${dx.shape}]; ` +
      `it must be float32 [${shape}].`,
  );
}

/** Gradients of tensors by their id. One tensor may stand for several; it is disposed with the last of them. */
class GradientMap {
  private readonly byId = new Map<number, tf.Tensor>();
  private readonly uses = new Map<tf.Tensor, number>();

  /** @param firstId tensors with a smaller id were made by others and are never disposed here. */
  constructor(private readonly firstId: number) {}

  get(id: number): tf.Tensor | undefined {
    return this.byId.get(id);
  }

  add(id: number, dx: tf.Tensor): void {
    const current = this.byId.get(id);
    if (!current) {
      this.set(id, dx);
      return;
    }
    const total = tf.add(current, dx);
    this.remove(id);
    if (!this.uses.has(dx)) this.free(dx);
    this.set(id, total);
  }

  remove(id: number): void {
    const gradient = this.byId.get(id);
    if (!gradient) return;
    this.byId.delete(id);
    const left = this.uses.get(gradient)! - 1;
    if (left > 0) this.uses.set(gradient, left);
    else {
      this.uses.delete(gradient);
      this.free(gradient);
    }
  }

  private set(id: number, gradient: tf.Tensor): void {
    this.byId.set(id, gradient);
    this.uses.set(gradient, (this.uses.get(gradient) ?? 0) + 1);
  }

  private free(gradient: tf.Tensor): void {
    if (gradient.id >= this.firstId && !gradient.kept) gradient.dispose();
  }
}

/** Runs one operation's gradient; its inputs that lead nowhere are left out. */
function inputGradients(
  node: TapeNode,
  dys: (tf.Tensor | null)[],
  fromX: Set<number>,
): Map<string, tf.Tensor> {
  const found = new Map<string, tf.Tensor>();
  if (!node.gradient) throw new Error(`${node.kernelName} has no gradient.`);
  const { gradient } = node;
  const names = new Set(Object.keys(node.inputs).filter(name => fromX.has(node.inputs[name].id)));
  tf.tidy(() => {
    const functions = wanting(names, () => gradient(dys));
    for (const name of names) {
      const dx = functions[name]?.();
      checkGradient(node, name, dx);
      // A saved tensor goes with its operation, so as a gradient it needs a handle of its own.
      found.set(name, node.saved.includes(dx) ? tf.clone(dx) : dx);
    }
    return [...found.values()];
  });
  return found;
}

function backpropagate(
  tape: TapeNode[],
  { onPath, fromX }: { onPath: boolean[]; fromX: Set<number> },
  xs: tf.Tensor[],
  y: tf.Tensor,
  dy: tf.Tensor | undefined,
): tf.Tensor[] {
  const wanted = new Set(xs.map(x => x.id));
  const start = dy ?? tf.ones(y.shape);
  const gradients = new GradientMap(dy ? internals.nextTensorId() : start.id);
  gradients.add(y.id, start);
  for (let i = tape.length - 1; i >= 0; i--) {
    if (!onPath[i]) continue;
    const node = tape[i];
    const dys = node.outputs.map(output => gradients.get(output.id) ?? null);
    if (dys.some(each => each)) {
      for (const [name, dx] of inputGradients(node, dys, fromX)) gradients.add(node.inputs[name].id, dx);
    }
    disposeSaved(node);
    for (const output of node.outputs) if (!wanted.has(output.id)) gradients.remove(output.id);
  }
  const given = new Set<tf.Tensor>();
  return xs.map(x => {
    const gradient = gradients.get(x.id) as tf.Tensor;
    if (!gradient || (!given.has(gradient) && gradient !== dy)) {
      given.add(gradient);
      return gradient;
    }
    return tf.clone(gradient);
  });
}

/**
 * Reverse-mode differentiation as the library's, but every gradient and every saved tensor is freed when the last
 * operation that needs it is done, and gradients that pass an operation unchanged are passed without a copy. Inside
 * another tape the library's own is used, which records itself.
 */
function gradients(
  run: () => tf.Tensor,
  xs: tf.Tensor[],
  dy?: tf.Tensor,
  allowNoGradients = false,
): { value: tf.Tensor; grads: tf.Tensor[] } {
  if (state.gradientDepth > 0) return stockGradients(run, xs, dy, allowNoGradients);
  const y = internals.scopedRun(
    () => internals.startTape(),
    () => internals.endTape(),
    () => internals.tidy('forward', run),
  );
  if (!(y instanceof tf.Tensor)) throw new Error('The function to differentiate must return a tensor.');
  const tape = state.activeTape!;
  state.activeTape = null;
  const path = pathOf(tape, xs, y);
  if (!allowNoGradients && !path.onPath.includes(true)) {
    throw new Error(
      'Cannot compute gradient: the result does not depend on the inputs through recorded operations.',
    );
  }
  return internals.tidy('backward', () => ({ value: y, grads: backpropagate(tape, path, xs, y, dy) }));
}

internals.gradients = gradients;
