import type {
  LevelSummary,
  LevelsState,
  ProbeChange,
  TrainProgress,
  TrainResult,
} from '../../engine/protocol/index.ts';
import { duration, factor, grouped, megabytes, probability, relative } from './figures.ts';

const SHOWN_PROBES = 3;
const SHOWN_LEVELS = 3;

/** What a training did, in a few sentences. Says which levels changed, never that something is stored in one. */
export function resultText(title: string, result: TrainResult): string {
  const { status, updates, surpriseFirst, surpriseLast } = result;
  const done =
    status === 'cancelled'
      ? `Stopped training on ${title} after ${count(updates, 'update')}; the memory keeps them.`
      : `Trained on ${title}: ${count(updates, 'update')}, mean surprise ${surpriseFirst.toFixed(2)} → ${surpriseLast.toFixed(2)} nats.`;
  return [done, ...probesText(result.probes), levelsText(result.levels)]
    .filter(text => text !== '')
    .join(' ');
}

function probesText(probes: readonly ProbeChange[]): string[] {
  const shown = probes.slice(0, SHOWN_PROBES).map(({ answer, before, after }) => {
    const change = factor(before.probability, after.probability);
    const ranks = before.rank === after.rank ? `rank ${after.rank}` : `rank ${before.rank} → ${after.rank}`;
    return `p(“${answer.trim()}”) ${probability(before.probability)} → ${probability(after.probability)}, ${change}, ${ranks}.`;
  });
  const rest = probes.length - shown.length;
  return rest > 0 ? [...shown, `${count(rest, 'more probe')} in the Probes view.`] : shown;
}

function levelsText(levels: readonly LevelSummary[]): string {
  const changed = levels
    .filter(level => level.relativeChange > 0)
    .sort((a, b) => b.relativeChange - a.relativeChange);
  if (changed.length === 0) return levels.length > 0 ? 'No level changed.' : '';
  const [most, ...others] = changed.slice(0, SHOWN_LEVELS).map(level => ({
    id: level.id,
    change: relative(level.relativeChange),
  }));
  const rest = others.map(({ id, change }) => `${id} ${change}`).join(', ');
  return `${most.id} changed most: ${most.change} relative${rest ? `; ${rest}` : ''}.`;
}

/** Where a training ended that did not reach its end, and what is left of it. @param why in words */
export function stoppedText(
  { position, updates }: { readonly position: number; readonly updates: number },
  why: string,
): NonNullable<LevelsState['failure']> {
  const kept = updates === 1 ? 'Update 1 is' : `Updates 1 to ${grouped(updates)} are`;
  return {
    headline: `Training stopped at token ${grouped(position)}`,
    detail: updates > 0 ? `${why} ${kept} kept in the run.` : why,
  };
}

/** "42 %, token 812 of 1 200, 86 tokens/s" */
export function progressText({ position, total, tokensPerSecond }: TrainProgress): string {
  const share = total > 0 ? `${Math.min(100, Math.floor((100 * position) / total))} %, ` : '';
  return `${share}token ${grouped(position)} of ${grouped(total)}, ${grouped(tokensPerSecond)} tokens/s`;
}

/** What a training on a long text takes. @param speed tokens a second and bytes a token of the last one, if known */
export function sizeQuestion(
  bytes: number,
  epochs: number,
  speed?: { tokensPerSecond: number; bytesPerToken: number },
): string {
  const passes = epochs === 1 ? 'one pass' : `${grouped(epochs)} passes`;
  const size = `${megabytes(bytes)} of text, ${passes}.`;
  if (!speed || !(speed.tokensPerSecond > 0) || !(speed.bytesPerToken > 0)) {
    return `${size} How long that takes is not known before a first training. You can stop at any time.`;
  }
  const tokens = bytes / speed.bytesPerToken;
  const seconds = (tokens * epochs) / speed.tokensPerSecond;
  return `${size} That is about ${grouped(tokens)} tokens a pass and, at the ${grouped(speed.tokensPerSecond)} tokens/s of the last training, ${duration(seconds)}. You can stop at any time.`;
}

function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}
