import type { Probe } from './probe.ts';

/** Between prompt and answer where a person writes a probe. */
export const PROBE_ARROW = '=>';

/** What a text lacks that is not "PROMPT => ANSWER". */
export type ProbeFault = 'arrow' | 'prompt' | 'answer';

/** Reads "PROMPT => ANSWER"; the last arrow counts, and space around either is no part of it. */
export function readProbeText(text: string): Probe | ProbeFault {
  const at = text.lastIndexOf(PROBE_ARROW);
  if (at < 0) return 'arrow';
  const prompt = text.slice(0, at).trim();
  const answer = text.slice(at + PROBE_ARROW.length).trim();
  if (!prompt) return 'prompt';
  return answer ? { prompt, answer } : 'answer';
}

/** The text that reads as this probe. */
export function writeProbeText({ prompt, answer }: Probe): string {
  return `${prompt} ${PROBE_ARROW} ${answer.trim()}`;
}
