import type {
  ArchiveInfo,
  ArchiveTensor,
  TensorChangeRow,
  TensorMeasure,
} from '../../engine/protocol/index.ts';

/** A row of the tree, and what is below it. */
export interface TreeNode {
  /** Path of labels; a tensor's name for tensors. */
  readonly key: string;
  readonly label: string;
  readonly kind: 'model' | 'block' | 'module' | 'level' | 'tensor';
  readonly level?: string;
  readonly tensor?: ArchiveTensor;
  readonly children: readonly TreeNode[];
  /** Tensors, elements and bytes below it, tied ones not counted again. */
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

/** Model → block → module → level → tensor, in the order of the file, what lies outside the blocks first. */
export function treeOf(info: ArchiveInfo, name: string): TreeNode {
  const root = new Branch('', name, 'model');
  for (const tensor of info.tensors) {
    const { block, module, level } = tensor;
    let at = root;
    if (block >= 0) at = at.child(`block ${block}`, 'block');
    if (module) at = at.child(module, 'module');
    if (level !== undefined) at = at.child(level, 'level', level);
    at.tensors.push(tensor);
  }
  return root.node(info.levels.map(({ id }) => id));
}

class Branch {
  readonly children = new Map<string, Branch>();
  readonly tensors: ArchiveTensor[] = [];

  constructor(
    readonly key: string,
    readonly label: string,
    readonly kind: TreeNode['kind'],
    readonly level?: string,
  ) {}

  child(label: string, kind: TreeNode['kind'], level?: string): Branch {
    const found = this.children.get(label) ?? new Branch(`${this.key}/${label}`, label, kind, level);
    this.children.set(label, found);
    return found;
  }

  node(levels: readonly string[]): TreeNode {
    const order = ({ kind, label }: Branch) => (kind === 'level' ? levels.indexOf(label) : -1);
    const branches = [...this.children.values()].sort(
      (a, b) => blockOf(a) - blockOf(b) || order(a) - order(b),
    );
    const children = [
      ...branches.map(branch => branch.node(levels)),
      ...this.tensors.map(tensor => tensorNode(tensor, tensor.leaf)),
    ];
    const sum = (read: (node: TreeNode) => number) =>
      children.reduce((total, child) => total + (child.tensor?.sameAs === undefined ? read(child) : 0), 0);
    return {
      key: this.key,
      label: this.label,
      kind: this.kind,
      level: this.level,
      children,
      tensors: children.reduce((total, child) => total + child.tensors, 0),
      parameters: sum(({ parameters }) => parameters),
      bytes: sum(({ bytes }) => bytes),
    };
  }
}

/** −1 for what is no block. */
const blockOf = ({ kind, label }: Branch): number =>
  kind === 'block' ? Number(label.slice('block '.length)) : -1;

function tensorNode(tensor: ArchiveTensor, label: string): TreeNode {
  // The optimizer's moments are no parameters.
  const parameters =
    tensor.level === undefined ? 0 : tensor.shape.reduce((product, length) => product * length, 1);
  return {
    key: tensor.name,
    label,
    kind: 'tensor',
    level: tensor.level,
    tensor,
    children: [],
    tensors: 1,
    parameters,
    bytes: tensor.bytes,
  };
}

export type Sort = 'tree' | 'name' | 'size' | 'change';

/** A row that is shown. */
export interface Row {
  readonly node: TreeNode;
  readonly depth: number;
  readonly open: boolean;
}

/** What decides which rows are shown. */
export interface Shown {
  readonly filter: string;
  readonly sort: Sort;
  readonly open: ReadonlySet<string>;
  readonly changes: ReadonlyMap<string, TensorChangeRow>;
}

/** Rows from top to bottom: the open part of the tree, or with a filter or a sort order the tensors alone. */
export function rowsOf(root: TreeNode, { filter, sort, open, changes }: Shown): Row[] {
  if (sort === 'tree' && filter.trim() === '') return openRows(root, open);
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const found = tensorsOf(root).filter(tensor => {
    const text =
      `${tensor.name} ${tensor.level ?? ''} ${tensor.dtype} ${tensor.shape.join('×')}`.toLowerCase();
    return words.every(word => text.includes(word));
  });
  const change = (tensor: ArchiveTensor) => changes.get(tensor.name)?.relative ?? -1;
  const order: Record<Sort, (a: ArchiveTensor, b: ArchiveTensor) => number> = {
    tree: () => 0,
    name: (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    size: (a, b) => b.bytes - a.bytes,
    change: (a, b) => (change(a) === change(b) ? 0 : change(b) - change(a)),
  };
  return found
    .sort(order[sort])
    .map(tensor => ({ node: tensorNode(tensor, tensor.name), depth: 0, open: false }));
}

function openRows(root: TreeNode, open: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const walk = (node: TreeNode, depth: number): void => {
    const isOpen = node.children.length > 0 && open.has(node.key);
    rows.push({ node, depth, open: isOpen });
    if (isOpen) for (const child of node.children) walk(child, depth + 1);
  };
  walk(root, 0);
  return rows;
}

export function tensorsOf(node: TreeNode): ArchiveTensor[] {
  return node.tensor ? [node.tensor] : node.children.flatMap(tensorsOf);
}

/** ρ of all tensors below a node that were compared; undefined where none was. */
export function changeOf(node: TreeNode, changes: ReadonlyMap<string, TensorChangeRow>): number | undefined {
  let [delta, before, some] = [0, 0, false];
  for (const { name } of tensorsOf(node)) {
    const row = changes.get(name);
    if (!row) continue;
    some = true;
    delta += row.delta ** 2;
    before += row.before ** 2;
  }
  if (!some) return undefined;
  return delta === 0 ? 0 : Math.sqrt(delta / before);
}

/** What was measured of all tensors below a node, tied ones once; undefined until it is complete. */
export function measureOf(
  node: TreeNode,
  measures: ReadonlyMap<string, TensorMeasure>,
): Omit<TensorMeasure, 'name'> | undefined {
  let [squares, nan, infinite] = [0, 0, 0];
  const seen = new Set<string>();
  for (const { name, dtype, sameAs } of tensorsOf(node)) {
    const values = sameAs ?? name;
    // Complex numbers are not read, and tied values count once.
    if (dtype === 'C64' || dtype === 'C128' || seen.has(values)) continue;
    seen.add(values);
    const measure = measures.get(name);
    if (!measure) return undefined;
    squares += measure.norm ** 2;
    nan += measure.nan;
    infinite += measure.infinite;
  }
  return seen.size ? { norm: Math.sqrt(squares), nan, infinite } : undefined;
}

/** Nodes that are open at first: all of a small checkpoint, else the model and its first block. */
export function firstOpen(root: TreeNode): ReadonlySet<string> {
  const keys = new Set<string>([root.key]);
  const walk = (node: TreeNode): void => {
    if (node.children.length === 0) return;
    keys.add(node.key);
    node.children.forEach(walk);
  };
  if (root.tensors <= 40) walk(root);
  else {
    const block = root.children.find(({ kind }) => kind === 'block');
    if (block) walk(block);
  }
  return keys;
}
