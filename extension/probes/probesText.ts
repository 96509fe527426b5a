import {
  applyEdits,
  findNodeAtLocation,
  getNodeValue,
  modify,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { Probe } from '../../engine/protocol/index.ts';
import { sameProbe } from '../state/probes.ts';

/** Something wrong in a probes file. */
export interface ProbesProblem {
  /** Line of the file, from 1. */
  readonly line: number;
  /** What is wrong there, a clause. */
  readonly text: string;
}

const FORMAT = { formattingOptions: { insertSpaces: true, tabSize: 2, eol: '\n' } };

/**
 * Reads a probes file as far as it can be read: comments and trailing commas are fine, an entry that is no probe is
 * left out and told of.
 */
export function parseProbesFile(text: string): { probes: Probe[]; problems: ProbesProblem[] } {
  const problems: ProbesProblem[] = [];
  const tell = (offset: number, what: string) => problems.push({ line: lineOf(text, offset), text: what });
  if (text.trim() === '') return { probes: [], problems };
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  for (const { error, offset } of errors) tell(offset, wordsOf(printParseErrorCode(error)));
  const list = root && findNodeAtLocation(root, ['probes']);
  if (list?.type !== 'array') {
    if (errors.length === 0) tell(root?.offset ?? 0, 'there is no list “probes”');
    return { probes: [], problems };
  }
  const probes: Probe[] = [];
  for (const node of list.children ?? []) {
    const probe = probeOf(node);
    if (typeof probe === 'string') tell(node.offset, probe);
    else if (!probes.some(known => sameProbe(known, probe))) probes.push(probe);
  }
  return { probes, problems };
}

/** The file with a probe more; comments and everything else in it stay. */
export function withProbe(text: string, probe: Probe): string {
  const start = text.trim() === '' ? '{\n  "probes": []\n}\n' : text;
  if (parseProbesFile(start).probes.some(known => sameProbe(known, probe))) return start;
  return applyEdits(start, modify(start, ['probes', -1], probe, { ...FORMAT, isArrayInsertion: true }));
}

/** The file without a probe. */
export function withoutProbe(text: string, probe: Probe): string {
  const root = parseTree(text, [], { allowTrailingComma: true });
  const entries = (root && findNodeAtLocation(root, ['probes'])?.children) ?? [];
  const at = entries.findLastIndex(node => {
    const found = probeOf(node);
    return typeof found !== 'string' && sameProbe(found, probe);
  });
  if (at < 0) return text;
  return withoutProbe(applyEdits(text, modify(text, ['probes', at], undefined, FORMAT)), probe);
}

function probeOf(node: Node): Probe | string {
  const value: unknown = getNodeValue(node);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'this is no probe; write {"prompt": "…", "answer": "…"}';
  }
  const { prompt, answer } = value as Partial<Record<keyof Probe, unknown>>;
  if (typeof prompt !== 'string' || prompt.trim() === '') return 'this probe has no prompt';
  if (typeof answer !== 'string' || answer.trim() === '') return 'this probe has no answer';
  return { prompt: prompt.trim(), answer: answer.trim() };
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** “CloseBraceExpected” as “close brace expected”. */
function wordsOf(code: string): string {
  return code.replace(/(?<=[a-z])[A-Z]/g, letter => ` ${letter}`).toLowerCase();
}
