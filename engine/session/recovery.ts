import { tickOf } from '../checkpoint/config.ts';
import type { RecoverResult } from '../protocol/requests.ts';
import { RunReader } from '../run/index.ts';
import { OnlineTrainer } from '../train/onlineTrainer.ts';
import { TokenStream } from '../train/tokenStream.ts';
import { EngineError } from './engineError.ts';
import { decodeFastState } from './fastStateFile.ts';
import type { OpenModel } from './openModel.ts';

/**
 * The fast state as of the last update recorded in a run file: its last keyframe, and the updates after it
 * recomputed. @throws EngineError when the run belongs to another model or recomputing gives other losses.
 */
export async function recoverRun(model: OpenModel, runPath: string): Promise<RecoverResult> {
  const reader = RunReader.open(runPath);
  try {
    const { options, modelHash } = reader.header;
    if (modelHash !== model.modelHash) {
      const remedy = 'Load the model that the run was made with, then try again.';
      throw new EngineError('bad-input', 'The run was made with another model.', remedy);
    }
    const keyframe = reader.lastKeyframe();
    if (!keyframe) throw new EngineError('bad-input', 'The run holds no keyframe.', 'Train again.');
    decodeFastState(keyframe.fastState, model.fast, model.modelHash, runPath);
    const recomputed = await recompute(model, reader, options, keyframe.updates);
    model.fast.dropOpenChunks();
    return { updates: model.fast.updates, recomputed };
  } finally {
    reader.close();
  }
}

async function recompute(
  { fast, base, tokenizer }: OpenModel,
  reader: RunReader,
  options: RunReader['header']['options'],
  from: number,
): Promise<number> {
  const total = reader.updatesCount;
  if (from === total) return 0;
  const trainer = new OnlineTrainer(fast, tokenizer.endOfText, {
    learningRates: options.learningRates,
    flush: options.partialChunk === 'flush',
    telemetry: false,
  });
  // Where the first pass was cut short, more tokens are recorded than ticks: a tick is trained on only once the
  // next one is known. So the last tick of these tokens, if it was recorded, was the last of the text.
  const { ids } = reader.tokens();
  const stream = new TokenStream([{ ids }], tokenizer.endOfText, options.epochs, tickOf(base.config));
  try {
    let index = 0;
    for (const tick of stream) {
      if (index === total) break;
      if (index >= from) {
        const { loss } = await trainer.step(tick, index);
        if (Math.abs(loss - reader.update(index).loss) > 1e-3 * (1 + loss)) {
          const remedy = 'Reset the memory and train again.';
          throw new EngineError('internal', `Update ${index} recomputed to another loss.`, remedy);
        }
        await new Promise(resolve => setImmediate(resolve));
      }
      index++;
    }
  } finally {
    trainer.dispose();
  }
  return total - from;
}
