/** A stretch of the program in lines and columns from 1; without columns, whole lines. */
export interface TextRange {
  readonly startLine: number;
  readonly startColumn?: number;
  readonly endLine: number;
  readonly endColumn?: number;
}

/** A launch configuration after it was checked. */
export interface LaunchArguments {
  /** File name or address of the text. */
  readonly program: string;
  /** Parts of it to train on; empty for the whole. */
  readonly ranges: readonly TextRange[];
  readonly stopOnEntry: boolean;
  readonly stopAtEnd: boolean;
  /** In place of settings, not checked yet. */
  readonly epochs?: unknown;
  readonly learningRates?: unknown;
  readonly partialChunk?: unknown;
  /** Beside those of the workspace, as "prompt => answer". */
  readonly probes: readonly string[];
}

/** Reads a launch configuration. @throws Error with a sentence that names the attribute and what it may be */
export function readLaunch(given: unknown): LaunchArguments {
  const launch = (given ?? {}) as Record<string, unknown>;
  const { program, probes = [], ranges } = launch;
  if (typeof program !== 'string' || program.trim() === '') {
    throw refused('program', program, 'the path of a text file');
  }
  if (!Array.isArray(probes) || !probes.every(probe => typeof probe === 'string')) {
    throw refused('probes', probes, 'a list of texts such as "prompt => answer"');
  }
  const { epochs, learningRates, partialChunk } = launch;
  return {
    program,
    ranges: ranges === undefined ? ownRange(launch) : readRanges(ranges),
    stopOnEntry: truth(launch, 'stopOnEntry'),
    stopAtEnd: truth(launch, 'stopAtEnd'),
    ...{ epochs, learningRates, partialChunk, probes },
  };
}

/** The range that stands in the configuration itself. */
function ownRange(launch: Record<string, unknown>): TextRange[] {
  const { startLine, endLine, startColumn, endColumn } = launch;
  if ([startLine, endLine, startColumn, endColumn].every(value => value === undefined)) return [];
  return [readRange({ startLine: startLine ?? 1, endLine: endLine ?? startLine, startColumn, endColumn })];
}

function readRanges(ranges: unknown): TextRange[] {
  if (!Array.isArray(ranges)) throw refused('ranges', ranges, 'a list of objects with startLine and endLine');
  return ranges.map(range => readRange((range ?? {}) as Record<string, unknown>));
}

function readRange(range: Record<string, unknown>): TextRange {
  for (const name of ['startLine', 'endLine', 'startColumn', 'endColumn']) {
    const value = range[name];
    if (value === undefined && name.endsWith('Column')) continue;
    if (!Number.isSafeInteger(value) || (value as number) < 1) {
      throw refused(name, value, 'a whole number of at least 1');
    }
  }
  const { startLine, startColumn, endLine, endColumn } = range as unknown as TextRange;
  const backwards =
    endLine < startLine || (endLine === startLine && (endColumn ?? Infinity) <= (startColumn ?? 1));
  if (backwards) throw refused('endLine', endLine, `behind the start, line ${startLine}`);
  return { startLine, startColumn, endLine, endColumn };
}

function truth(launch: Record<string, unknown>, name: string): boolean {
  const value = launch[name] ?? true;
  if (typeof value === 'boolean') return value;
  throw refused(name, value, 'true or false');
}

function refused(name: string, value: unknown, allowed: string): Error {
  const shown = value === undefined ? 'missing' : JSON.stringify(value);
  return new Error(`“${name}” in the launch configuration is ${shown} but must be ${allowed}.`);
}
