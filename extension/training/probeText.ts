import type { Probe } from '../../engine/protocol/index.ts';

const ARROW = '=>';

/**
 * Reads "PROMPT => ANSWER"; a string is the reason why it is not one. The answer follows the prompt as written:
 * a space after the arrow belongs to it, so that "born in => Lisbon" asks for " Lisbon" and "Lis =>bon" for "bon".
 */
export function parseProbe(text: string): Probe | string {
  const at = text.lastIndexOf(ARROW);
  if (at < 0) return 'Write a prompt, =>, and the answer expected after it.';
  const prompt = text.slice(0, at).trim();
  const written = text.slice(at + ARROW.length);
  const answer = written.trim();
  if (prompt === '') return 'There is no prompt before =>.';
  if (answer === '') return 'There is no answer after =>.';
  return { prompt, answer: /^\s/u.test(written) ? ` ${answer}` : answer };
}

export function formatProbe({ prompt, answer }: Probe): string {
  return `${prompt} ${ARROW}${answer}`;
}

const LONGEST_SENTENCE = 300;

/** A first proposal from selected text: its last word as the answer, what comes before as the prompt. */
export function proposeProbe(selected: string): string {
  const sentence = selected.replace(/\s+/gu, ' ').trim();
  if (sentence.length > LONGEST_SENTENCE) return '';
  const words = sentence.replace(/[\p{P}\s]+$/u, '');
  const at = words.lastIndexOf(' ');
  return at < 0 ? words : formatProbe({ prompt: words.slice(0, at), answer: words.slice(at) });
}
