import type { TokenSpans } from '../../engine/protocol/index.ts';
import { RunHistory, type RunStart } from '../state/runHistory.ts';
import type { Store } from '../state/store.ts';
import type { Stepper } from './stepper.ts';

/** Updates that are added to a history at once. */
const BATCH = 256;

/** Keeps the store's run as it was at the cursor of a stepped training, so that every view shows that moment. */
export class SteppedHistory {
  readonly #store: Store;
  #run: RunHistory;

  constructor(store: Store, start: RunStart) {
    this.#store = store;
    this.#run = new RunHistory(start);
  }

  get run(): RunHistory {
    return this.#run;
  }

  begin(): void {
    this.#store.begin(this.#run);
    this.#store.update({ stepping: true });
  }

  tokens(spans: TokenSpans): void {
    this.#store.addTokens(this.#run, spans);
  }

  async follow(stepper: Stepper): Promise<void> {
    const { cursor, places } = stepper;
    if (cursor < this.#run.updates) {
      const progress = this.#run.progress;
      this.#run = this.#run.upTo(cursor);
      this.#run.progress = progress;
      this.#store.update({ run: this.#run });
    }
    while (this.#run.updates < cursor) {
      const first = this.#run.updates;
      const updates = await stepper.updates(first, Math.min(BATCH, cursor - first));
      if (updates.length === 0) break;
      this.#store.append(this.#run, updates);
    }
    const total = places.tokens * stepper.run.options.epochs;
    const position = places.tickOf(cursor)?.position ?? total;
    this.#store.progress(this.#run, { position, total, tokensPerSecond: 0 });
  }
}
