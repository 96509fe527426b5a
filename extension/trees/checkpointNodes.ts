import type { MemoryInfo, ModelInfo, TensorInfo } from '../../engine/protocol/index.ts';

export type CheckpointKind = 'model' | 'block' | 'module' | 'level' | 'tensor' | 'memory';

/** A row of the Checkpoint tree; a group has the sums of what is in it. */
export interface CheckpointNode {
  /** The same for the same place in the model, so that what is open stays open. */
  readonly id: string;
  readonly kind: CheckpointKind;
  readonly label: string;
  /** Level of a level or a tensor. */
  readonly level?: string;
  readonly tensor?: TensorInfo;
  /** Of a memory of an optimizer, of all tensors in the group together. */
  readonly memory?: Pick<MemoryInfo, 'deltaNorm' | 'surprise'>;
  readonly children: readonly CheckpointNode[];
  readonly tensors: number;
  readonly parameters: number;
  /** ‖W‖_F now, of all tensors in the group together; of a memory ‖m‖_F. */
  readonly norm: number;
  /** ‖W − W₀‖_F against the base checkpoint. */
  readonly delta: number;
}

/**
 * Model → block → module → level → tensor. Blocks and modules in the order of the file, levels fast to slow. What the
 * optimizer of a level remembers stands after it, a row for each of its memories → tensor; sums leave it out.
 */
export function checkpointTree(
  { name, levels }: Pick<ModelInfo, 'name' | 'levels'>,
  tensors: readonly TensorInfo[],
): CheckpointNode {
  const order = new Map(levels.map((level, i) => [level.id as string, i]));
  const levelRows = (within: readonly TensorInfo[], id: string) =>
    grouped(within, tensor => tensor.level)
      .sort(([a], [b]) => (order.get(a) ?? levels.length) - (order.get(b) ?? levels.length))
      .flatMap(([level, own]) => {
        const rows = own.map(tensor => tensorNode(tensor));
        return [
          group({ id: `${id}/${level}`, kind: 'level', label: level, level, children: rows }),
          ...memoryRows(own, level, `${id}/${level}`),
        ];
      });
  const moduleRows = (within: readonly TensorInfo[], id: string) =>
    grouped(within, tensor => tensor.module).map(([module, own]) => {
      const children = levelRows(own, `${id}/${module}`);
      return group({ id: `${id}/${module}`, kind: 'module', label: module, children });
    });
  // Modules outside the blocks stand between the blocks, as in the file.
  const children = grouped(tensors, ({ block, module }) => (block < 0 ? module : `block ${block}`)).flatMap(
    ([label, own]) => {
      if (own[0].block < 0) return moduleRows(own, 'model');
      const id = `model/${label}`;
      return [group({ id, kind: 'block', label: `Block ${own[0].block}`, children: moduleRows(own, id) })];
    },
  );
  return group({ id: 'model', kind: 'model', label: name, children });
}

/** ‖W − W₀‖ / ‖W‖, the change against the weights as they are now; 0 where nothing changed. */
export function relativeDelta({ norm, delta }: { readonly norm: number; readonly delta: number }): number {
  return delta === 0 ? 0 : delta / norm;
}

function tensorNode(tensor: TensorInfo): CheckpointNode {
  const { name, level, shape, norm, delta } = tensor;
  const parameters = shape.reduce((product, length) => product * length, 1);
  return {
    ...{ id: `tensor/${name}`, kind: 'tensor', label: shortName(tensor), level, tensor },
    ...{ children: [], tensors: 1, parameters, norm, delta },
  };
}

/** A row for each memory of a level's optimizer. */
function memoryRows(within: readonly TensorInfo[], level: string, id: string): CheckpointNode[] {
  const all = within.flatMap(tensor =>
    (tensor.memories ?? []).map(memory => ({ name: memory.name, node: memoryNode(tensor, memory) })),
  );
  return grouped(all, ({ name }) => name).map(([name, own]) => {
    const children = own.map(({ node }) => node);
    // The norm of them all, where each was measured.
    const whole = (of: 'deltaNorm' | 'surprise') => {
      const values = children.map(({ memory }) => memory?.[of]);
      return values.includes(undefined) ? {} : { [of]: Math.hypot(...(values as number[])) };
    };
    const memory = { ...whole('deltaNorm'), ...whole('surprise') };
    return {
      ...group({ id: `${id}:${name}`, kind: 'memory', label: `${level} · ${name}`, level, children }),
      memory,
    };
  });
}

function memoryNode(
  tensor: TensorInfo,
  { name, shape, norm, deltaNorm, surprise }: MemoryInfo,
): CheckpointNode {
  const parameters = shape.reduce((product, length) => product * length, 1);
  return {
    ...{ id: `memory/${tensor.name}:${name}`, kind: 'memory', label: shortName(tensor), level: tensor.level },
    memory: { ...(deltaNorm !== undefined && { deltaNorm }), ...(surprise !== undefined && { surprise }) },
    ...{ children: [], tensors: 1, parameters, norm, delta: 0 },
  };
}

/** The name without what the rows above it say already. */
function shortName({ name, block, module, level }: TensorInfo): string {
  const inBlock = withoutPrefix(name, `blocks.${block}.`);
  const inLevel = withoutPrefix(inBlock, `${level}.`);
  return inLevel === inBlock ? withoutPrefix(inBlock, `${module}.`) : inLevel;
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) && text.length > prefix.length ? text.slice(prefix.length) : text;
}

function group(node: Pick<CheckpointNode, 'id' | 'kind' | 'label' | 'level' | 'children'>): CheckpointNode {
  const counted = node.children.filter(({ kind }) => kind !== 'memory' || node.kind === 'memory');
  const sum = (value: (child: CheckpointNode) => number) =>
    counted.reduce((total, child) => total + value(child), 0);
  return {
    ...node,
    tensors: sum(child => child.tensors),
    parameters: sum(child => child.parameters),
    norm: Math.sqrt(sum(child => child.norm ** 2)),
    delta: Math.sqrt(sum(child => child.delta ** 2)),
  };
}

function grouped<T>(items: readonly T[], key: (item: T) => string): [string, T[]][] {
  return [...Map.groupBy(items, key)];
}
