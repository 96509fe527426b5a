import { type Probe, readProbeText, writeProbeText } from '../../engine/protocol/index.ts';

const FAULTS = {
  arrow: 'Write a prompt, =>, and the answer expected after it.',
  prompt: 'There is no prompt before =>.',
  answer: 'There is no answer after =>.',
};

/** Reads "PROMPT => ANSWER"; a string is the reason why it is not one. */
export function parseProbe(text: string): Probe | string {
  const read = readProbeText(text);
  return typeof read === 'string' ? FAULTS[read] : read;
}

const LONGEST_SENTENCE = 300;

/** A first proposal from selected text: its last word as the answer, what comes before as the prompt. */
export function proposeProbe(selected: string): string {
  const sentence = selected.replace(/\s+/gu, ' ').trim();
  if (sentence.length > LONGEST_SENTENCE) return '';
  const words = sentence.replace(/[\p{P}\s]+$/u, '');
  const at = words.lastIndexOf(' ');
  return at < 0 ? words : writeProbeText({ prompt: words.slice(0, at), answer: words.slice(at + 1) });
}
