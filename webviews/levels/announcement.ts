import { fixed } from '../ui/format.ts';
import { endOf, newest } from './history.ts';
import type { ViewState } from './state.ts';
import { runningMean } from './surprise.ts';

/** What a screen reader is told of the state as it is now; empty when there is nothing to say. */
export function announcement({ host, history }: ViewState): string {
  const last = newest(history);
  const tokens = last ? endOf(last) : (host.run?.position ?? 0);
  const updates = last ? last.index + 1 : (host.run?.updates ?? 0);
  switch (host.phase) {
    case 'running': {
      const mean = runningMean(history, last);
      const surprise = Number.isNaN(mean) ? '' : `, mean surprise ${fixed(mean, 1)} nats`;
      return `Running, token ${tokens}, update ${updates}${surprise}.`;
    }
    case 'finished':
      return `Training finished after ${updates} updates and ${tokens} tokens.`;
    case 'cancelled':
      return `Training stopped after ${updates} updates and ${tokens} tokens.`;
    case 'failed':
      return host.failure?.headline ?? 'Training stopped.';
    case 'loading':
      return 'Loading the model.';
    case 'idle':
    case 'no-model':
      return '';
  }
}
