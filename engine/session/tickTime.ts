import { tickOf } from '../checkpoint/config.ts';
import type { TickTime } from '../choice/candidateTask.ts';
import { Random } from '../tensor/random.ts';
import { OnlineTrainer } from '../train/onlineTrainer.ts';
import type { Tick } from '../train/tokenStream.ts';
import { OpenModel } from './openModel.ts';
import { completeOptions } from './trainOptions.ts';

/** Ticks whose mean loss is compared, ticks that are timed, and how long each part may take once it has three. */
const WARM_UP = 32;
const TIMED = 64;
const PATIENCE_MS = 2000;
const FEWEST = 3;

/**
 * Times online training of a model on the current backend: real ticks with telemetry, on synthetic tokens that are
 * the same everywhere. The rates are so small that nothing diverges; a level that the model freezes stays frozen.
 */
export async function tickTime(folder: string): Promise<TickTime> {
  const model = await OpenModel.read(folder);
  const { config } = model.base;
  const own = completeOptions(
    { epochs: 1, learningRates: {}, partialChunk: 'flush', telemetry: true },
    config,
  );
  const rates = Object.entries(own.learningRates).map(([level, rate]) => [level, 1e-6 * rate] as const);
  const trainer = new OnlineTrainer(model.fast, model.tokenizer.endOfText, {
    learningRates: Object.fromEntries(rates),
    flush: false,
    telemetry: true,
  });
  const ticks = syntheticTicks(config.vocabulary, tickOf(config));
  try {
    const warm = await run(trainer, ticks, WARM_UP);
    const timed = await run(trainer, ticks, TIMED);
    const loss = warm.slice(0, FEWEST).reduce((sum, each) => sum + each.loss, 0) / FEWEST;
    return { milliseconds: median(timed.map(each => each.milliseconds)), loss };
  } finally {
    model.dispose();
  }
}

async function run(trainer: OnlineTrainer, ticks: Generator<Tick>, most: number) {
  const begun = performance.now();
  const done: { milliseconds: number; loss: number }[] = [];
  while (done.length < most && (done.length < FEWEST || performance.now() - begun < PATIENCE_MS)) {
    const start = performance.now();
    const { loss } = await trainer.step(ticks.next().value as Tick, done.length);
    done.push({ milliseconds: performance.now() - start, loss });
  }
  return done;
}

function* syntheticTicks(vocabulary: number, length: number): Generator<Tick> {
  const random = new Random(11);
  const tokens = () => Int32Array.from({ length }, () => random.below(vocabulary));
  for (let position = 0; ; position += length) {
    yield { position, inputs: tokens(), targets: tokens(), last: false };
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
