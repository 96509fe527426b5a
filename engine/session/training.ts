import { tickOf } from '../checkpoint/config.ts';
import type { ProbeScore } from '../protocol/probe.ts';
import type { TokenSpans, TrainProgress, TrainRequest, TrainResult } from '../protocol/training.ts';
import type { Update } from '../protocol/update.ts';
import { DivergedError } from '../train/divergedError.ts';
import { OnlineTrainer } from '../train/onlineTrainer.ts';
import { TokenStream } from '../train/tokenStream.ts';
import { EngineError } from './engineError.ts';
import { LevelSummaries } from './levelSummaries.ts';
import type { OpenModel } from './openModel.ts';
import type { RunRecorder } from './runRecorder.ts';
import { scoreProbes } from './scoring.ts';
import { SurpriseMeans } from './surpriseMeans.ts';

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
  { runId, text, options, probes }: TrainRequest,
  record: () => Promise<RunRecorder | undefined>,
  hooks: TrainingHooks,
): Promise<TrainResult> {
  const { tokenizer, fast, base } = model;
  const before = await scoreProbes(model, probes);
  const recorder = await record();
  const summaries = new LevelSummaries(fast);
  const surprise = new SurpriseMeans();
  const trainer = new OnlineTrainer(fast, tokenizer.endOfText, {
    learningRates: options.learningRates,
    flush: options.partialChunk === 'flush',
    telemetry: options.telemetry,
  });
  const stream = new TokenStream(announced(), tokenizer.endOfText, options.epochs, tickOf(base.config));
  const begun = performance.now();
  const progress = new Pace(text.length, options.epochs);
  let updates = 0;
  let positions = 0;
  let cancelled = false;

  function* announced() {
    let first = 0;
    for (const { ids, starts, ends } of tokenizer.encodePieces(text)) {
      recorder?.tokens(first, ids, starts, ends);
      hooks.onTokens({ runId, first, starts, ends });
      first += ids.length;
      progress.tokenised(first, ends[ends.length - 1] ?? 0);
      yield { ids };
    }
  }

  try {
    for (const tick of stream) {
      cancelled = hooks.cancelled();
      if (cancelled) break;
      const update = await trainer.step(tick, updates);
      await recorder?.update(update);
      updates++;
      positions += update.surprise.length;
      summaries.add(update);
      surprise.add(update, stream.known ? stream.tokens : undefined);
      await hooks.onUpdate(update);
      if (progress.due()) hooks.onProgress(progress.report(positions, stream));
      await new Promise(resolve => setImmediate(resolve));
    }
    fast.dropOpenChunks();
    const after = await scoreProbes(model, probes);
    const result: TrainResult = {
      runId,
      status: cancelled ? 'cancelled' : 'finished',
      tokens: stream.tokens,
      positions,
      updates,
      seconds: (performance.now() - begun) / 1000,
      ...surprise.means,
      levels: await summaries.finish(),
      probes: probes.map((probe, i) => ({ ...probe, before: before[i] as ProbeScore, after: after[i] })),
    };
    await recorder?.finish(result);
    return result;
  } catch (error) {
    fast.dropOpenChunks();
    recorder?.fail();
    if (!(error instanceof DivergedError)) throw error;
    const remedy = `Lower the learning rates or the number of epochs. Updates 1 to ${updates} are kept.`;
    throw new EngineError(
      'diverged',
      `Training stopped at token ${error.position}: ${error.message}.`,
      remedy,
    );
  } finally {
    trainer.dispose();
    summaries.dispose();
    recorder?.close();
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
