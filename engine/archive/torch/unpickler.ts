import { PickleError } from './pickleError.ts';
import { LITERALS, OPERATIONS } from './pickleOperations.ts';
import { PickleReader } from './pickleReader.ts';

/** A tuple; lists are arrays, dictionaries maps, sets sets, bytes arrays of bytes. */
export class Tuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** What a pickle may name: `make` is called with the arguments it is given there; without it, it is only a name. */
export interface Allowed {
  readonly name: string;
  readonly make?: (items: readonly unknown[]) => unknown;
}

export interface UnpickleOptions {
  /** By `module.name`; everything else is refused, and nothing is ever imported or run. */
  readonly allowed: ReadonlyMap<string, Allowed>;
  /** What a persistent id stands for. */
  persistent?(id: readonly unknown[]): unknown;
}

/**
 * Reads the pickle that starts at byte `start`: plain values and containers, and what `allowed` names. Memory grows
 * with the bytes that are there, never with what they claim, and no input recurses.
 * @throws PickleError for a refused name, an operation that is not read, or damage
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  options: UnpickleOptions,
): { value: unknown; end: number } {
  const machine = new Machine(bytes, start, options);
  return { value: machine.run(), end: machine.end };
}

class Machine {
  readonly #reader: PickleReader;
  readonly #options: UnpickleOptions;
  readonly #allowed: ReadonlySet<unknown>;
  readonly #memo = new Map<number, unknown>();
  readonly #outer: unknown[][] = [];
  #stack: unknown[] = [];
  #at = 0;

  constructor(bytes: Uint8Array, start: number, options: UnpickleOptions) {
    this.#reader = new PickleReader(bytes, start);
    this.#options = options;
    this.#allowed = new Set(options.allowed.values());
  }

  get end(): number {
    return this.#reader.at;
  }

  run(): unknown {
    for (;;) {
      this.#at = this.#reader.at;
      const operation = this.#reader.uint8();
      const name = OPERATIONS[operation];
      if (name === 'STOP') return this.#pop();
      const literal = LITERALS[name];
      if (literal) this.#push(literal(this.#reader));
      else if (name) this.#do(name);
      else {
        throw this.#fault(`operation 0x${operation.toString(16).padStart(2, '0')} is not read`);
      }
    }
  }

  #do(name: string): void {
    const reader = this.#reader;
    switch (name) {
      case 'PROTO': {
        const version = reader.uint8();
        if (version > 5) throw this.#fault(`pickle protocol ${version} is not read`);
        return;
      }
      case 'FRAME':
        reader.uint64();
        return;
      case 'MARK':
        this.#outer.push(this.#stack);
        this.#stack = [];
        return;
      case 'POP':
        if (this.#stack.length) this.#stack.pop();
        else this.#items();
        return;
      case 'POP_MARK':
        this.#items();
        return;
      case 'DUP':
        this.#push(this.#top());
        return;
      case 'PUT':
        this.#remember(Number(reader.digits(reader.line())));
        return;
      case 'BINPUT':
        this.#remember(reader.uint8());
        return;
      case 'LONG_BINPUT':
        this.#remember(reader.uint32());
        return;
      case 'MEMOIZE':
        this.#remember(this.#memo.size);
        return;
      case 'GET':
        this.#recall(Number(reader.digits(reader.line())));
        return;
      case 'BINGET':
        this.#recall(reader.uint8());
        return;
      case 'LONG_BINGET':
        this.#recall(reader.uint32());
        return;
      case 'GLOBAL':
        this.#push(this.#global(reader.line(), reader.line()));
        return;
      case 'STACK_GLOBAL': {
        const [named, module] = [this.#pop(), this.#pop()];
        this.#push(this.#global(String(module), String(named)));
        return;
      }
      default:
        this.#build(name);
    }
  }

  /** Operations on containers and on what may be named. */
  #build(name: string): void {
    switch (name) {
      case 'EMPTY_LIST':
        this.#push([]);
        return;
      case 'LIST':
        this.#push(this.#items());
        return;
      case 'APPEND': {
        const item = this.#pop();
        this.#list().push(item);
        return;
      }
      case 'APPENDS': {
        const items = this.#items();
        const list = this.#list();
        for (const item of items) list.push(item);
        return;
      }
      case 'EMPTY_DICT':
        this.#push(new Map());
        return;
      case 'DICT': {
        const items = this.#items();
        this.#push(new Map());
        this.#setItems(items);
        return;
      }
      case 'SETITEM': {
        const [value, key] = [this.#pop(), this.#pop()];
        this.#setItems([key, value]);
        return;
      }
      case 'SETITEMS':
        this.#setItems(this.#items());
        return;
      case 'EMPTY_SET':
        this.#push(new Set());
        return;
      case 'FROZENSET':
        this.#push(new Set(this.#items()));
        return;
      case 'ADDITEMS': {
        const items = this.#items();
        const set = this.#top();
        if (!(set instanceof Set)) throw this.#fault('items are added to what is not a set');
        for (const item of items) set.add(item);
        return;
      }
      case 'EMPTY_TUPLE':
        this.#push(new Tuple([]));
        return;
      case 'TUPLE':
        this.#push(new Tuple(this.#items()));
        return;
      case 'TUPLE1':
      case 'TUPLE2':
      case 'TUPLE3': {
        const items = Array.from({ length: Number(name.at(-1)) }, () => this.#pop()).reverse();
        this.#push(new Tuple(items));
        return;
      }
      case 'REDUCE':
      case 'NEWOBJ':
        this.#make();
        return;
      case 'BUILD':
        // State of a container, for example the versions of a state_dict: nothing of it is a tensor.
        this.#pop();
        if (this.#top() instanceof Map) return;
        throw this.#fault('it sets the state of an object, and objects are not read');
      case 'BINPERSID': {
        const id = this.#pop();
        if (!(id instanceof Tuple) || !this.#options.persistent) {
          throw this.#fault('a persistent id is not read');
        }
        this.#push(this.#checked(() => this.#options.persistent!(id.items)));
        return;
      }
      default:
        throw this.#fault(`operation ${name} is not read`);
    }
  }

  #global(module: string, name: string): Allowed {
    const full = `${module}.${name}`;
    const allowed = this.#options.allowed.get(full);
    if (allowed) return allowed;
    throw this.#fault(
      `it wants to load ${JSON.stringify(full.slice(0, 200))}, and only tensors and plain containers are loaded`,
    );
  }

  #make(): void {
    const [args, callee] = [this.#pop(), this.#pop()];
    const { make } = (callee ?? {}) as Partial<Allowed>;
    if (!(args instanceof Tuple) || !this.#allowed.has(callee) || !make) {
      throw this.#fault('it calls what cannot be called');
    }
    this.#push(this.#checked(() => make(args.items)));
  }

  /** A fault in the arguments is a fault at this byte. */
  #checked(make: () => unknown): unknown {
    try {
      return make();
    } catch (error) {
      throw error instanceof RangeError ? this.#fault(error.message) : error;
    }
  }

  #setItems(items: readonly unknown[]): void {
    const map = this.#top();
    if (!(map instanceof Map)) throw this.#fault('items are set in what is not a dictionary');
    if (items.length % 2) throw this.#fault('a key has no value');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      // Equal tuples are one key; nothing that matters here is kept under one.
      map.set(key instanceof Tuple ? JSON.stringify(key.items.map(String)) : key, items[i + 1]);
    }
  }

  #list(): unknown[] {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#fault('items are appended to what is not a list');
    return list;
  }

  /** What is on the stack since the last mark. */
  #items(): unknown[] {
    const items = this.#stack;
    const outer = this.#outer.pop();
    if (!outer) throw this.#fault('there is no mark');
    this.#stack = outer;
    return items;
  }

  #top(): unknown {
    if (this.#stack.length === 0) throw this.#fault('the stack is empty');
    return this.#stack.at(-1);
  }

  #pop(): unknown {
    const top = this.#top();
    this.#stack.pop();
    return top;
  }

  #push(value: unknown): void {
    this.#stack.push(value);
  }

  #remember(key: number): void {
    this.#memo.set(key, this.#top());
  }

  #recall(key: number): void {
    if (!this.#memo.has(key)) throw this.#fault(`nothing is remembered under ${key}`);
    this.#push(this.#memo.get(key));
  }

  #fault(message: string): PickleError {
    return new PickleError(message, this.#at);
  }
}
