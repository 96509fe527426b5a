import { tickOf } from '../checkpoint/config.ts';
import type { TokenSpans, TrainProgress, TrainRequest, TrainResult } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { TokenStream } from '../train/tokenStream.ts';
import { breath } from './breath.ts';
import type { OpenModel } from './openModel.ts';
import { RecordedTraining } from './recordedTraining.ts';
import type { RunRecorder } from './runRecorder.ts';

/** Who watches a training. */
export interface TrainingHooks {
  cancelled(): boolean;
  onTokens(spans: TokenSpans): void;
  /** Called after the update was recorded; training waits for the promise. */
  onUpdate(update: Update): Promise<void>;
  onProgress(progress: TrainProgress): void;
}

/**
 * Trains the fast state of a model on a text, tick by tick. However it ends, the state is that of the last update
 * recorded; chunks still open are then forgotten, flushed before by the last tick where the options say so.
 * @param request with complete options @param record opens the run file, once nothing can be refused any more
 * @throws EngineError on an empty text, or when a number diverges.
 */
export async function trainOnText(
  model: OpenModel,
  request: TrainRequest,
  record: () => RunRecorder | undefined,
  hooks: TrainingHooks,
): Promise<TrainResult> {
  const { tokenizer, fast, base } = model;
  const { runId, text, options } = request;
  fast.dropOpenChunks();
  const training = new RecordedTraining(model, request, record);
  const stream = new TokenStream(announced(), tokenizer.endOfText, options.epochs, tickOf(base.config));
  const progress = new Pace(text.length, options.epochs);

  function* announced() {
    let first = 0;
    for (const { ids, starts, ends } of tokenizer.encodePieces(text)) {
      training.tokens(first, ids, starts, ends);
      hooks.onTokens({ runId, first, starts, ends });
      first += ids.length;
      progress.tokenised(first, ends[ends.length - 1] ?? 0);
      yield { ids };
    }
  }

  try {
    let cancelled = false;
    for (const tick of stream) {
      cancelled = hooks.cancelled();
      if (cancelled) break;
      const update = training.step(tick, stream.known ? stream.tokens : undefined);
      await hooks.onUpdate(update);
      if (progress.due()) hooks.onProgress(progress.report(training.positions, stream));
      await breath();
    }
    return training.finish(cancelled ? 'cancelled' : 'finished', stream.tokens);
  } catch (error) {
    throw training.fail(error);
  } finally {
    fast.dropOpenChunks();
    training.dispose();
  }
}

/** Position, total and tokens a second of a training, at most ten times a second. */
class Pace {
  private last = performance.now();
  private lastPosition = 0;
  private rate = 0;
  private tokens = 0;
  private characters = 0;

  constructor(
    private readonly length: number,
    private readonly epochs: number,
  ) {}

  tokenised(tokens: number, characters: number): void {
    this.tokens = tokens;
    this.characters = characters;
  }

  due(): boolean {
    return performance.now() - this.last > 100;
  }

  report(position: number, stream: TokenStream): TrainProgress {
    const now = performance.now();
    const current = (1000 * (position - this.lastPosition)) / (now - this.last);
    this.rate = this.rate ? 0.7 * this.rate + 0.3 * current : current;
    this.last = now;
    this.lastPosition = position;
    const whole = stream.known ? stream.tokens : (this.tokens * this.length) / Math.max(1, this.characters);
    return { position, total: Math.round(whole) * this.epochs, tokensPerSecond: this.rate };
  }
}
