/** Numbers of the last update, with what they are; "help" and completions read this list. */
export const NUMBERS = {
  surprise: 'largest surprise among the tokens of the last update, nats',
  loss: 'mean surprise of those tokens, nats',
  update: 'updates made',
  token: 'first token of the last update, in its pass, from 0',
  pass: 'pass over the text, from 1',
  position: 'first token of the last update, counted through all passes',
} as const;
export type NumberName = keyof typeof NUMBERS;

/** Numbers of a level at the last update: of a block, or of all together. */
export const LEVEL_METRICS = {
  fired: 'whether the level was updated',
  rho: '‖ΔW‖ / ‖W‖ of the update',
  drift: '‖W − W₀‖ / ‖W₀‖ against the base checkpoint',
  lss: 'local surprise signal ‖∇_y L‖',
  eta: 'learning rate η that the level generated',
  alpha: 'retention α that the level generated, 1 keeps',
  pending: 'tokens read since the level was last updated',
  deltaNorm: '‖ΔW‖ of the update',
  weightNorm: '‖W‖ after the update',
  gradientNorm: '‖g‖ that the update applied',
} as const;
export type LevelMetric = keyof typeof LEVEL_METRICS;

/** Scores of a probe on the memory as it is. */
export const PROBE_FUNCTIONS = {
  p: 'probability of the answer after the prompt',
  logp: 'mean log-probability of the answer, nats a token',
  rank: 'worst rank among the tokens of the answer, 1 is the likeliest',
} as const;

/** What "help" in the Debug Console prints. */
export function helpText(levels: readonly string[]): string {
  const rows = (names: object, usage: (name: string) => string) =>
    Object.entries(names).map(([name, meaning]) => `  ${usage(name).padEnd(28)} ${meaning}`);
  const level = levels[0] ?? 'memory';
  return [
    'Numbers of the last update',
    ...rows(NUMBERS, name => name),
    '  token(12)                    surprise of token 12 when it was last read',
    '  abs(x)                       x without its sign',
    '',
    `Numbers of a level, one of ${levels.join(', ')}; a block may follow, as in rho("${level}", 0)`,
    ...rows(LEVEL_METRICS, name => `${name}("${level}")`),
    '',
    'Probes on the memory as it is now',
    ...rows(PROBE_FUNCTIONS, name => `${name}("answer" | "prompt")`),
    '',
    'Operators: + - * / %   < <= > >= == !=   and or not   ( )',
    'The same expressions stand in conditions of breakpoints, in {braces} of log messages, and in Watch.',
  ].join('\n');
}
