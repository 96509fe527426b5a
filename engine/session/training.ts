import { tickOf } from '../checkpoint/config.ts';
import type { TokenSpans, TrainProgress, TrainRequest, TrainResult } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { TokenStream } from '../train/tokenStream.ts';
import { breath } from './breath.ts';
import type { Continuation } from './continuation.ts';
import { EngineError } from './engineError.ts';
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
 * recorded, or of one of the 64 after it where the run file refused them; chunks still open are then forgotten, flushed
 * before by the last tick where the options say so.
 * @param request with complete options @param record opens the run file, once nothing can be refused any more
 * @param from where to begin, with the state that it begins with in place; omitted, at the start of the text
 * @throws EngineError on an empty text, when a number diverges, or when the text is not the one to go on with.
 */
export async function trainOnText(
  model: OpenModel,
  request: TrainRequest,
  record: () => Promise<RunRecorder | undefined>,
  hooks: TrainingHooks,
  from?: Continuation,
): Promise<TrainResult> {
  const { tokenizer, fast, base } = model;
  const { runId, text, options } = request;
  if (!from) fast.dropOpenChunks();
  const training = await RecordedTraining.begin(model, request, record);
  const stream = new TokenStream(announced(), tokenizer.endOfText, options.epochs, tickOf(base.config));
  const firstTick = from?.origin.firstTick ?? 0;
  const begin = firstTick * tickOf(base.config);
  const progress = new Pace(begin);
  let [tokens, characters] = [0, 0];

  function* announced() {
    let first = 0;
    for (const { ids, starts, ends } of tokenizer.encodePieces(text)) {
      if (from) refuseOtherText(from.ids.subarray(first), ids);
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

  async function tell(updates: readonly Update[]): Promise<void> {
    for (const update of updates) await hooks.onUpdate(update);
  }

  try {
    let cancelled = false;
    let passed = 0;
    for (const tick of stream) {
      if (passed++ < firstTick) continue;
      cancelled = hooks.cancelled();
      if (cancelled) break;
      await tell(await training.step(tick, stream.known ? stream.tokens : undefined));
      if (progress.due()) hooks.onProgress(progress.report(begin + training.positions, total()));
      await breath();
    }
    await tell(training.settle());
    return await training.finish(cancelled ? 'cancelled' : 'finished', stream.tokens);
  } catch (error) {
    const reason = training.fail(error);
    await tell(training.settle());
    throw reason;
  } finally {
    fast.dropOpenChunks();
    training.dispose();
  }
}

/** @param recorded ids from a place in the text on, as far as they are known @param ids from there on now */
function refuseOtherText(recorded: Int32Array, ids: Int32Array): void {
  const known = Math.min(recorded.length, ids.length);
  if (recorded.subarray(0, known).every((id, i) => id === ids[i])) return;
  throw new EngineError('bad-input', 'The text is not the one that the run was trained on.', 'Train again.');
}
