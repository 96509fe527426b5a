import type { Probe } from '../protocol/probe.ts';
import { EngineError } from '../session/engineError.ts';

const ARROW = '=>';

/** Reads each "PROMPT => ANSWER"; the last arrow counts. @throws EngineError naming a wrong one by its number only. */
export function parseProbes(texts: readonly string[]): Probe[] {
  return texts.map((text, i) => {
    const at = text.lastIndexOf(ARROW);
    const prompt = text.slice(0, Math.max(0, at)).trim();
    const answer = text.slice(at + ARROW.length).trim();
    const fault =
      at < 0 ? `has no ${ARROW}` : !prompt ? 'has no prompt' : !answer ? 'has no answer' : undefined;
    if (!fault) return { prompt, answer };
    const remedy = `Write it in quotes as "PROMPT ${ARROW} ANSWER".`;
    throw new EngineError('bad-input', `Probe ${i + 1} of ${texts.length} ${fault}.`, remedy);
  });
}

/** A probe as a line of a table: the end of its prompt, and nothing that moves a cursor. */
export function probeLabel({ prompt, answer }: Probe): string {
  const characters = Array.from(prompt);
  const end = characters.length > 40 ? `…${characters.slice(-39).join('')}` : prompt;
  return `${end} ${ARROW} ${answer}`.replace(/\p{C}/gu, '·');
}
