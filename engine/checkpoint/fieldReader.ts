import { CheckpointError } from './checkpointError.ts';

/** Reads the fields of one JSON object of a file; every fault names the field, the value and what is allowed. */
export class FieldReader {
  readonly #fields: Readonly<Record<string, unknown>>;

  /** @param prefix Dotted name of the object inside the file, empty for the file's root. */
  constructor(
    json: unknown,
    private readonly path: string,
    private readonly prefix = '',
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw this.fault(prefix === '' ? 'the file' : prefix, json, 'a JSON object');
    }
    this.#fields = json as Record<string, unknown>;
  }

  /** Names of the fields that are there. */
  get names(): readonly string[] {
    return Object.keys(this.#fields);
  }

  /** The value as it is, undefined when the field is missing. */
  value(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  object(name: string): FieldReader {
    return new FieldReader(this.value(name), this.path, this.#fullName(name));
  }

  /** The object at a place of a list. */
  item(name: string, index: number): FieldReader {
    const list = this.value(name) as readonly unknown[];
    return new FieldReader(list[index], this.path, `${this.#fullName(name)}[${index}]`);
  }

  integer(name: string, least: number, most: number): number {
    return this.#checkInteger(name, this.value(name), least, most);
  }

  integers(name: string, least: number, most: number): number[] {
    const value = this.value(name);
    if (!Array.isArray(value)) throw this.faultOf(name, 'a list of whole numbers');
    return value.map((item, index) => this.#checkInteger(`${name}[${index}]`, item, least, most));
  }

  number(name: string, least = -Infinity, most = Infinity): number {
    const value = this.value(name);
    if (typeof value === 'number' && Number.isFinite(value) && value >= least && value <= most) return value;
    const range = [least > -Infinity ? `from ${least}` : '', most < Infinity ? `to ${most}` : ''].filter(
      Boolean,
    );
    throw this.faultOf(name, ['a finite number', ...range].join(' '));
  }

  positive(name: string, most = Infinity): number {
    const value = this.number(name, 0, most);
    if (value === 0) throw this.faultOf(name, 'greater than 0');
    return value;
  }

  boolean(name: string): boolean {
    const value = this.value(name);
    if (typeof value !== 'boolean') throw this.faultOf(name, 'true or false');
    return value;
  }

  text(name: string, longest: number): string {
    const value = this.value(name);
    if (typeof value !== 'string' || value.trim() === '' || value.length > longest) {
      throw this.faultOf(name, `a text of 1 to ${longest} characters`);
    }
    return value;
  }

  /** One of some words, or undefined when the field is missing. */
  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.value(name);
    if (value === undefined || allowed.includes(value as T)) return value as T | undefined;
    throw this.faultOf(name, `one of ${allowed.join(', ')}`);
  }

  /** Some of these words, each at most once, in the order given here; undefined when the field is missing. */
  subset<T extends string>(name: string, allowed: readonly T[]): T[] | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    const listed = Array.isArray(value) ? value : undefined;
    if (!listed) throw this.faultOf(name, `a list of some of ${allowed.join(', ')}, each once`);
    listed.forEach((item, i) => {
      if (!allowed.includes(item) || listed.indexOf(item) < i) {
        const field = `${this.#fullName(name)}[${i}]`;
        throw this.fault(field, item, `one of ${allowed.join(', ')}, each once`);
      }
    });
    return allowed.filter(item => listed.includes(item));
  }

  /** A field that may be missing, read by `read` where it is there. */
  optional<T>(name: string, read: (name: string) => T): T | undefined {
    return this.value(name) === undefined ? undefined : read(name);
  }

  constant<T extends string | number>(name: string, expected: T): T {
    if (this.value(name) !== expected) throw this.faultOf(name, JSON.stringify(expected));
    return expected;
  }

  /** The error for field `name`: "heads is 3, but must be …". */
  faultOf(name: string, allowed: string): CheckpointError {
    return this.fault(this.#fullName(name), this.value(name), allowed);
  }

  private fault(field: string, value: unknown, allowed: string): CheckpointError {
    const found = value === undefined ? 'is missing' : `is ${shorten(value)}`;
    return new CheckpointError(`${field} ${found}, but must be ${allowed}`, this.path);
  }

  #checkInteger(name: string, value: unknown, least: number, most: number): number {
    if (Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most) {
      return value as number;
    }
    throw this.fault(this.#fullName(name), value, `a whole number from ${least} to ${most}`);
  }

  #fullName(name: string): string {
    return this.prefix === '' ? name : `${this.prefix}.${name}`;
  }
}

function shorten(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
