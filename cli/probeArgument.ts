import type { Probe } from '../engine/protocol/probe.ts';
import { PROBE_ARROW, readProbeText } from '../engine/protocol/probeText.ts';
import { EngineError } from '../engine/session/engineError.ts';

const FAULTS = { arrow: `has no ${PROBE_ARROW}`, prompt: 'has no prompt', answer: 'has no answer' };

/** Reads each "PROMPT => ANSWER". @throws EngineError naming a wrong one by its number only. */
export function parseProbes(texts: readonly string[]): Probe[] {
  return texts.map((text, i) => {
    const read = readProbeText(text);
    if (typeof read !== 'string') return read;
    const remedy = `Write it in quotes as "PROMPT ${PROBE_ARROW} ANSWER".`;
    throw new EngineError('bad-input', `Probe ${i + 1} of ${texts.length} ${FAULTS[read]}.`, remedy);
  });
}

/** A probe as a line of a table: the end of its prompt, and nothing that moves a cursor. */
export function probeLabel({ prompt, answer }: Probe): string {
  const characters = Array.from(prompt);
  const end = characters.length > 40 ? `…${characters.slice(-39).join('')}` : prompt;
  return `${end} ${PROBE_ARROW} ${answer}`.replace(/\p{C}/gu, '·');
}
