import type { Probe } from '../../engine/protocol/index.ts';

const ARROW = '=>';

/** Reads "PROMPT => ANSWER"; a string is the reason why it is not one. Space around either is no part of it. */
export function parseProbe(text: string): Probe | string {
  const at = text.lastIndexOf(ARROW);
  if (at < 0) return 'Write a prompt, =>, and the answer expected after it.';
  const prompt = text.slice(0, at).trim();
  const answer = text.slice(at + ARROW.length).trim();
  if (prompt === '') return 'There is no prompt before =>.';
  if (answer === '') return 'There is no answer after =>.';
  return { prompt, answer };
}

export function formatProbe({ prompt, answer }: Probe): string {
  return `${prompt} ${ARROW} ${answer.trim()}`;
}

const LONGEST_SENTENCE = 300;

/** A first proposal from selected text: its last word as the answer, what comes before as the prompt. */
export function proposeProbe(selected: string): string {
  const sentence = selected.replace(/\s+/gu, ' ').trim();
  if (sentence.length > LONGEST_SENTENCE) return '';
  const words = sentence.replace(/[\p{P}\s]+$/u, '');
  const at = words.lastIndexOf(' ');
  return at < 0 ? words : formatProbe({ prompt: words.slice(0, at), answer: words.slice(at + 1) });
}
