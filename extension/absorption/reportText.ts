import type { AbsorptionReport, LevelContribution, Probe } from '../../engine/protocol/index.ts';
import { escapeMarkdown, visibleText } from '../decorations/markdown.ts';
import { NONE } from '../decorations/numerals.ts';
import type { FactReport } from '../state/factReport.ts';
import { grouped, probability } from '../training/figures.ts';

/** Deviations from the mean of the controls from which a contribution is called more than chance. */
const NOTABLE = 2;

/** The report as Markdown: a table for each of its parts and sentences that say what they mean. */
export function reportMarkdown({ title, fact, paraphrases, neighbours, report }: FactReport): string {
  const { from, to, levels, significant } = report;
  const parts = [
    '# Which level learned this?',
    `**${inline(fact.prompt)}** → **${inline(fact.answer)}**`,
    `${inline(title)}, updates ${grouped(from)} to ${grouped(to)}.`,
    summary(report),
    '## Contribution of each level’s change',
    levelTable(levels, report),
    ...waiting(levels),
    ...halfway(report),
    ...aloneTable(levels, significant),
    ...blockTable(report),
    ...handOverTable(report),
    ...besideTable('The same fact in other words', paraphrases, report.paraphrases),
    ...besideTable('Facts that should not have changed', neighbours, report.neighbours),
    '## How to read this',
    READING,
  ];
  return `${parts.join('\n\n')}\n`;
}

/** The result in one or two sentences, for a message and for a screen reader. */
export function summary({
  before,
  after,
  gain,
  standardError,
  significant,
  levels,
}: AbsorptionReport): string {
  const change = `p(answer) a token went from ${probability(Math.exp(before))} to ${probability(Math.exp(after))}, ${signed(gain)} nats.`;
  const noise = `±${Math.abs(2 * standardError).toFixed(3)} nats`;
  if (!significant) {
    return `${change} n/a: random changes of the same size do as much (two deviations are ${noise}), so no level can be credited.`;
  }
  const most = levels.reduce((best, level) =>
    Math.abs(level.shapley) > Math.abs(best.shapley) ? level : best,
  );
  return `${change} The largest contribution is that of ${most.level}’s change: ${signed(most.shapley)} nats, ${percent(most.shapley / gain)}.`;
}

function levelTable(levels: readonly LevelContribution[], { significant, gain }: AbsorptionReport): string {
  const rows = levels.map(({ level, updates, shapley, zScore }) => [
    level,
    grouped(updates),
    ...(significant ? [signed(shapley), `${Math.round((100 * shapley) / gain)} %`] : ['n/a', 'n/a']),
    Number.isFinite(zScore) ? zScore.toFixed(1).replace('-', '−') : NONE,
  ]);
  return table(['level', 'updates', 'Shapley', 'share', 'z'], rows);
}

function aloneTable(levels: readonly LevelContribution[], significant: boolean): string[] {
  const rows = levels.map(({ level, necessity, sufficiency, interaction, control }) => {
    const random = control.count ? `${signed(control.mean)} ± ${control.deviation.toFixed(3)}` : NONE;
    const numbers = [sufficiency, necessity, interaction].map(value => (significant ? signed(value) : 'n/a'));
    return [level, ...numbers, random];
  });
  return [
    '## Each change alone, and left out',
    table(['level', 'alone', 'left out', 'interaction', 'random'], rows),
  ];
}

/** Levels that could not contribute. */
function waiting(levels: readonly LevelContribution[]): string[] {
  const lines = levels.flatMap(({ level, frozen, tokensToGo }) => {
    if (frozen) return [`- ${level} is frozen: its learning rate is 0.`];
    if (tokensToGo === undefined) return [];
    return [`- ${level} has not been updated yet: ${tokens(tokensToGo)} to go until it is.`];
  });
  return lines.length ? [lines.join('\n')] : [];
}

function halfway({ halfGainAt }: AbsorptionReport): string[] {
  return halfGainAt === undefined ? [] : [`Half of the gain was there after update ${grouped(halfGainAt)}.`];
}

function blockTable({ levels, significant, pathResidual }: AbsorptionReport): string[] {
  const blocks = Math.max(0, ...levels.map(({ path }) => path.length));
  if (blocks === 0 || !significant) return [];
  const rows = levels.map(({ level, path }) => [level, ...path.map(signed)]);
  return [
    '## By block',
    table(['level', ...Array.from({ length: blocks }, (_, block) => `block ${block}`)], rows),
    `Integrated along the straight path between the two states. What its points miss: ${signed(pathResidual)} nats.`,
  ];
}

function handOverTable({ handOver, levels, significant }: AbsorptionReport): string[] {
  if (!significant || handOver.updates.length < 2) return [];
  const rows = handOver.updates.map((updates, i) => [grouped(updates), ...handOver.shapley[i].map(signed)]);
  return [
    '## Hand-over between levels',
    table(['after update', ...levels.map(({ level }) => level)], rows),
    'Shapley values of what each level had changed by then, at the boundaries of the slowest level that was updated.',
  ];
}

function besideTable(
  heading: string,
  probes: readonly Probe[],
  scores: readonly { readonly before: number; readonly after: number }[],
): string[] {
  if (probes.length === 0) return [];
  const rows = probes.map(({ prompt, answer }, i) => {
    const { before, after } = scores[i];
    const change = signed(after - before);
    return [
      `${inline(prompt)} → ${inline(answer)}`,
      probability(Math.exp(before)),
      probability(Math.exp(after)),
      change,
    ];
  });
  return [`## ${heading}`, table(['probe', 'before', 'after', 'nats'], rows)];
}

const READING = [
  '- Numbers are nats a token of the answer: differences of its mean log-probability, read without context.',
  '- *Shapley*: the contribution of this level’s change, averaged over all orders in which the levels’ changes could be made. They add up to the gain; *share* is the part of it.',
  '- *Alone* (sufficiency): gained by this change without the others. *Left out* (necessity): lost without this change. *Interaction*: left out less alone.',
  `- *Random*: what this level’s change gains alone when every entry gets a random sign. *z*: its own against that; beyond ±${NOTABLE} it is more than its size.`,
  '- A contribution says what this level’s change did to this probe. It does not say where a fact is stored.',
].join('\n');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i ? '--:' : ':--'))), ...rows.map(line)].join('\n');
}

function signed(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  const digits = Math.abs(value).toFixed(3);
  if (Number(digits) === 0) return '0';
  return `${value < 0 ? '−' : '+'}${digits}`;
}

function percent(share: number): string {
  return `${Math.round(100 * share)} % of the gain`;
}

function tokens(count: number): string {
  return count === 1 ? '1 token' : `${grouped(count)} tokens`;
}

function inline(text: string): string {
  return escapeMarkdown(visibleText(text.replace(/\s+/gu, ' ').trim(), 300));
}
