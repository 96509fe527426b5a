import { type LevelInfo, memoryLabel, memoryOwner, type Update } from '../../engine/protocol/index.ts';
import type { TimeSpan } from '../charts/columns.ts';
import { fixed, scientific, significant } from '../ui/format.ts';
import { endOf } from './history.ts';
import { type LevelReading, nextFiring, tokensToGo } from './readings.ts';
import type { SurpriseSummary } from './surprise.ts';

const tokens = (n: number): string => `${n} ${n === 1 ? 'token' : 'tokens'}`;

/**
 * Text alternative of a level's row.
 * @param shown Update whose numbers are shown. @param memories of its optimizer, and whether their rows are shown
 */
export function describeRow(
  level: LevelInfo,
  reading: LevelReading,
  shown: Update | undefined,
  memories = { count: 0, opened: false },
): string {
  const { id, period } = level;
  if (period === 0) return `${id}, fixed while training on a selection.`;
  const owner = memoryOwner(id);
  const name = owner ? `${memoryLabel(id)}, memory of the optimizer of ${owner}` : id;
  const parts = [`${name}, updates every ${tokens(period)}`];
  if (reading.last)
    parts.push(`last at ${endOf(reading.last)}`, `relative change ${spoken(scientific(reading.rho))}`);
  else parts.push(`no update yet, first at ${nextFiring(level, reading, shown)}`);
  if (reading.last ? !Number.isNaN(reading.drift) : reading.drift > 0)
    parts.push(`drift ${fixed(reading.drift, 4)}`);
  if (owner && !Number.isNaN(reading.writtenSurprise))
    parts.push(`surprise ${significant(reading.writtenSurprise)}`);
  if (!Number.isNaN(reading.alpha)) parts.push(`retention ${fixed(reading.alpha, 3)}`);
  if (!Number.isNaN(reading.eta)) parts.push(`learning rate ${fixed(reading.eta, 3)}`);
  parts.push(`${tokens(tokensToGo(period, reading.pending))} to go.`);
  if (memories.count === 0) return parts.join(', ');
  const shownHow = memories.opened ? 'shown below, Enter hides them' : 'Enter shows them';
  return `${parts.join(', ')} Its optimizer has ${memories.count} ${memories.count === 1 ? 'memory' : 'memories'}, ${shownHow}.`;
}

const spoken = (text: string): string => (text === '–' ? 'not recorded' : text);

/** Text alternative of the surprise track. */
export function describeSurprise({ first, last, mean, highest, at }: SurpriseSummary): string {
  if (Number.isNaN(first)) return 'Surprise: no tokens yet.';
  if (Number.isNaN(highest)) return `Surprise of tokens ${first} to ${last}, not recorded.`;
  return `Surprise of tokens ${first} to ${last}, mean ${fixed(mean, 1)} nats, highest ${fixed(highest, 1)} at token ${at}.`;
}

/** Text alternative of a level's raster. */
export function describeRaster(id: string, updates: number, { from, to }: TimeSpan): string {
  return `${id}: ${updates} ${updates === 1 ? 'update' : 'updates'} in the last ${to - from} tokens`;
}

/** An update and the tokens it read, such as `update 192, tokens 764 to 767`. Updates count from 1. */
export function describeUpdate(update: Update, number: (n: number) => string = String): string {
  const last = Math.max(update.position, endOf(update) - 1);
  return `update ${number(update.index + 1)}, tokens ${number(update.position)} to ${number(last)}`;
}
