import type { Probe } from '../../engine/protocol/index.ts';
import { grouped } from '../training/figures.ts';
import { levelColor } from './levelColor.ts';
import { colorChip, commandLink, escapeMarkdown, visibleText } from './markdown.ts';
import { fixed, NONE, scientific } from './numerals.ts';
import type { LevelFiring, TokenNumbers } from './tokenNumbers.ts';

/** Commands that a hover may run. */
export const HOVER_COMMANDS = ['hopescope.showLevels', 'hopescope.probe'] as const;

/** The numbers of a token as Markdown with HTML. @param text the token, untrusted */
export function hoverText(text: string, numbers: TokenNumbers, probe: Probe | undefined): string {
  const { token, levels } = numbers;
  const head = `<code>${escapeMarkdown(visibleText(text))}</code> token ${grouped(token)} · ${surpriseText(numbers)}`;
  const links = [commandLink('Show Levels', 'hopescope.showLevels')];
  if (probe) links.push(commandLink('Add as Probe', 'hopescope.probe', probe));
  const body =
    levels.length > 0 ? levelTable(numbers) : 'The update that read this token is no longer in memory.';
  return [head, ...(Number.isNaN(numbers.latest) ? [] : [body]), links.join(' · ')].join('\n\n');
}

function surpriseText({ first, latest, pass }: TokenNumbers): string {
  if (Number.isNaN(latest)) return 'not read yet';
  const read = `surprise when first read **${first.toFixed(2)}**`;
  return pass > 0 ? `${read}, now **${latest.toFixed(2)}** nats` : `${read} nats`;
}

function levelTable({ levels, blocks, pass }: TokenNumbers): string {
  const rows = levels.map(level => [
    `${colorChip(levelColor(level.id, levels))} ${escapeMarkdown(level.id)}`,
    grouped(level.period),
    firingText(level.firing, pass),
    level.firing.kind === 'at' ? scientific(level.relative) : NONE,
    fixed(level.lss, 3),
    fixed(level.eta, 4),
    fixed(level.alpha, 4),
  ]);
  // Cells of a hover touch each other without a space of their own.
  const line = ([name, ...cells]: string[]) =>
    `| ${name} | ${cells.map(cell => `&ensp;${cell}`).join(' | ')} |`;
  const table = [
    line(['level', 'period', 'updated at token', 'ρ', 'LSS', 'η', 'α']),
    '|:--|--:|--:|--:|--:|--:|--:|',
    ...rows.map(line),
  ].join('\n');
  const passes = pass > 0 ? `Pass ${grouped(pass + 1)}` : '';
  const means = blocks > 1 ? `means over ${grouped(blocks)} blocks` : '';
  const scope = [passes, means].filter(Boolean).join(', ');
  return `${table}\n\nρ = ‖ΔW‖ / ‖W‖, LSS = ‖∇<sub>y</sub>L‖${scope && `. ${scope}`}.`;
}

function firingText(firing: LevelFiring, pass: number): string {
  switch (firing.kind) {
    case 'at':
      return firing.pass > pass
        ? `${grouped(firing.token)} of pass ${grouped(firing.pass + 1)}`
        : grouped(firing.token);
    case 'in':
      return `in ${grouped(firing.tokens)}`;
    case 'none':
      return NONE;
  }
}
