import { spectraOf } from '../introspect/spectrum.ts';
import { partsOfDueWrite } from '../introspect/writeParts.ts';
import { FastState } from '../model/fastState.ts';
import type {
  DeltaSpectrum,
  MatrixSpectrum,
  SpectrumRequest,
  WriteParts,
  WritePartsRequest,
} from '../protocol/spectrum.ts';
import { OnlineTrainer } from '../train/onlineTrainer.ts';
import { breathOrStop } from './breath.ts';
import { EngineError } from './engineError.ts';
import type { InspectedRun } from './inspectedRun.ts';
import { ticksOf } from './runStates.ts';

/** Singular values of what the matrices of one level in one block changed. */
export async function readSpectrum(
  run: InspectedRun,
  { from, to, level, block }: SpectrumRequest,
): Promise<DeltaSpectrum> {
  run.checkRange(from, to);
  run.checkPlace(level, block);
  run.refuseUnavailable();
  const [before, after] = [await run.weightsAt(from), await run.weightsAt(to)];
  const { id, updates } = (await run.spans(from, to)).find(span => span.id === level)!;
  const period = run.reader.header.levels.find(each => each.id === id)!.period;
  // A memory decays besides, which has full rank.
  const tokens = level.startsWith('cms.') ? updates * period : undefined;
  const matrices: MatrixSpectrum[] = [];
  for (const { name, shape, ...spec } of run.model.base.specs) {
    if (spec.level !== level || spec.block !== block) continue;
    const change = { shape, before: before.get(name)!, after: after.get(name)! };
    for (const spectrum of spectraOf(name, change, tokens)) {
      matrices.push(spectrum);
      await breathOrStop(run.cancelled, 'The spectrum');
    }
  }
  return { level, block, from, to, matrices };
}

/** Decay, erase and write of one update, from the state before it and the same tick again. */
export async function readWriteParts(
  run: InspectedRun,
  { update, level, block }: WritePartsRequest,
): Promise<WriteParts> {
  if (level !== 'memory' && level !== 'projections') {
    const remedy =
      'Choose memory or projections; a level of the continuum memory is written by gradient alone.';
    throw new EngineError('bad-input', `A write of "${level}" has no parts.`, remedy);
  }
  run.checkPlace(level, block);
  run.checkRange(update, update + 1);
  run.refuseUnavailable();
  const { options, firstTick } = run.reader.header;
  const snapshot = await run.stateAt(update);
  const state = new FastState(run.model.base);
  let parts: WriteParts['parts'] | undefined;
  const trainer = new OnlineTrainer(state, run.model.tokenizer.endOfText, {
    learningRates: options.learningRates,
    flush: options.partialChunk === 'flush',
    telemetry: false,
    beforeWrites: due => {
      const rate = options.learningRates[level];
      if (due.includes(level) && rate !== 0) parts = partsOfDueWrite(state, level, block, rate);
    },
  });
  try {
    snapshot.restore(state);
    await trainer.step(ticksOf(run.reader, run.model).at(firstTick + update), update);
  } finally {
    state.dispose();
    snapshot.dispose();
  }
  if (parts) return { level, block, update, parts };
  throw new EngineError('bad-input', `Update ${update} did not change ${level}.`, 'Choose one that did.');
}
