import type { TensorInfo } from '../../../engine/protocol/index.ts';
import type { Stepper } from '../stepper.ts';

/** Tells which tensors the last update changed, by their norms before and after. */
export class TensorChanges {
  readonly #stepper: Stepper;
  #known?: { readonly cursor: number; readonly tensors: ReadonlyMap<string, TensorInfo> };

  constructor(stepper: Stepper) {
    this.#stepper = stepper;
  }

  /** Whether the update before the cursor changed a tensor of a level that it wrote. */
  async changed(name: string): Promise<boolean> {
    const before = this.#known;
    const { cursor } = this.#stepper;
    const now = await this.#read();
    // Without a look at the state before there is only the level's word that it wrote its tensors.
    if (before?.cursor !== cursor - 1) return true;
    const [old, current] = [before.tensors.get(name), now.get(name)];
    return old?.norm !== current?.norm || old?.delta !== current?.delta;
  }

  /** Looks at the tensors at the cursor, so that the next update can be told from it. */
  async look(): Promise<void> {
    await this.#read();
  }

  async #read(): Promise<ReadonlyMap<string, TensorInfo>> {
    const { cursor } = this.#stepper;
    if (this.#known?.cursor !== cursor) {
      const tensors = await this.#stepper.describe();
      this.#known = { cursor, tensors: new Map(tensors.map(tensor => [tensor.name, tensor])) };
    }
    return this.#known.tensors;
  }
}
