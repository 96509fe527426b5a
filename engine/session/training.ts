import { tickOf } from '../checkpoint/config.ts';
import type { TokenSpans, TrainProgress, TrainRequest, TrainResult } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { TokenStream } from '../train/tokenStream.ts';
import { breath } from './breath.ts';
import type { OpenModel } from './openModel.ts';
import { Pace } from './pace.ts';
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
  record: () => Promise<RunRecorder | undefined>,
  hooks: TrainingHooks,
): Promise<TrainResult> {
  const { tokenizer, fast, base } = model;
  const { runId, text, options } = request;
  fast.dropOpenChunks();
  const training = await RecordedTraining.begin(model, request, record);
  const stream = new TokenStream(announced(), tokenizer.endOfText, options.epochs, tickOf(base.config));
  const progress = new Pace();
  let [tokens, characters] = [0, 0];

  function* announced() {
    let first = 0;
    for (const { ids, starts, ends } of tokenizer.encodePieces(text)) {
      training.tokens(first, ids, starts, ends);
      hooks.onTokens({ runId, first, starts, ends });
      first += ids.length;
      [tokens, characters] = [first, ends[ends.length - 1] ?? 0];
      yield { ids };
    }
  }

  /** Positions of all passes, an estimate until the text is tokenised to its end. */
  function total(): number {
    const whole = stream.known ? stream.tokens : (tokens * text.length) / Math.max(1, characters);
    return Math.round(whole) * options.epochs;
  }

  try {
    let cancelled = false;
    for (const tick of stream) {
      cancelled = hooks.cancelled();
      if (cancelled) break;
      const update = await training.step(tick, stream.known ? stream.tokens : undefined);
      await hooks.onUpdate(update);
      if (progress.due()) hooks.onProgress(progress.report(training.positions, total()));
      await breath();
    }
    return await training.finish(cancelled ? 'cancelled' : 'finished', stream.tokens);
  } catch (error) {
    throw training.fail(error);
  } finally {
    fast.dropOpenChunks();
    training.dispose();
  }
}
