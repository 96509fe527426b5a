import { TorchTensor } from './torchObjects.ts';
import { Tuple } from './unpickler.ts';

/** What a PyTorch checkpoint holds, under flat names. */
export interface TorchContents {
  readonly tensors: ReadonlyMap<string, TorchTensor>;
  /** The dictionary keys and list indices that lead to a tensor, by its name. */
  readonly keys: ReadonlyMap<string, readonly (string | number)[]>;
  /** Numbers and texts, for example `step`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** What it keeps under `config`, as JSON. */
  readonly config?: unknown;
  readonly notes: readonly string[];
}

// Names under which trainers keep the weights of the model.
const modelKeys = ['model', 'state_dict', 'model_state_dict', 'model_state', 'module'];
const deepest = 24;
// Containers may hold each other many times over, so that the walk could take longer than the file.
const mostVisits = 2 ** 20;
const mostMetadata = 200;

/**
 * Tensors by dotted names. Those of the model lose the name that the trainer keeps them under (`model.`), those of
 * the optimizer keep theirs. What lies deeper than 24 containers is left out, and a note says so.
 * @throws RangeError when containers hold each other too often to be walked
 */
export function contentsOf(root: unknown): TorchContents {
  const tensors = new Map<string, TorchTensor>();
  const keys = new Map<string, readonly (string | number)[]>();
  const metadata: Record<string, string> = {};
  const notes: string[] = [];
  const under = modelKey(root);
  let visits = 0;
  let left = mostMetadata;
  // A stack of its own: no file decides how deep we recurse.
  const open: { readonly value: unknown; readonly path: readonly (string | number)[] }[] = [
    { value: root, path: [] },
  ];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path } = next;
    if (++visits > mostVisits) throw new RangeError('its containers hold each other too often');
    const [first, ...rest] = path;
    const inModel = path.length > 1 && first === under;
    const name = (inModel ? rest : path).join('.');
    if (value instanceof TorchTensor) {
      const own = tensors.has(name) ? path.join('.') : name;
      tensors.set(own, value);
      keys.set(own, path);
    } else if (path.length > deepest) {
      if (notes.length === 0) notes.push(`What lies deeper than ${deepest} containers was left out.`);
    } else {
      const members = membersOf(value);
      if (members) {
        for (let i = members.length - 1; i >= 0; i--) {
          open.push({ value: members[i][1], path: [...path, members[i][0]] });
        }
      } else if (left > 0 && first !== 'config' && isPlain(value)) {
        metadata[name || 'value'] = String(value).slice(0, 1000);
        left--;
      }
    }
  }
  const config = root instanceof Map ? toJson(root.get('config'), 0) : undefined;
  return { tensors, keys, metadata, config, notes };
}

/** The name that holds the model's weights, where the file holds more than them. */
function modelKey(root: unknown): string | undefined {
  if (!(root instanceof Map)) return undefined;
  return modelKeys.find(key => {
    const value = root.get(key);
    return value instanceof Map && [...value.values()].some(item => item instanceof TorchTensor);
  });
}

function membersOf(value: unknown): [string | number, unknown][] | undefined {
  if (value instanceof Map) {
    return [...value].map(([key, item]) => [typeof key === 'number' ? key : String(key), item]);
  }
  if (value instanceof Tuple) return value.items.map((item, i) => [i, item]);
  if (Array.isArray(value)) return value.map((item, i) => [i, item]);
  return undefined;
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'bigint', 'boolean'].includes(typeof value);
}

function toJson(value: unknown, depth: number): unknown {
  if (depth > deepest) return undefined;
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, item]) => [String(key), toJson(item, depth + 1)]));
  }
  const items = value instanceof Tuple ? value.items : value;
  if (Array.isArray(items)) return items.map(item => toJson(item, depth + 1));
  return isPlain(value) && typeof value !== 'bigint' ? value : undefined;
}
