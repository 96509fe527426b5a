import { measureAbsorption } from './absorption.mjs';
import { measureActivation } from './activation.mjs';
import { measureBackends } from './backends.mjs';
import { bundledRows } from './bundle.mjs';
import { measureEditor } from './editor.mjs';
import { measureLatency, measureMemory, measureTraining } from './engine.mjs';
import { measureLongRun } from './longRun.mjs';
import { measurePretraining } from './pretraining.mjs';
import { measureRuns } from './runs.mjs';
import { measureTimeline } from './timeline.mjs';
import { measureView } from './view.mjs';

const kernels = name => () => bundledRows('kernelBench', [name]);
const archives = name => () => bundledRows('archiveBench', [name]);
const peers = name => () => bundledRows('peerBench', [name]);

/**
 * What can be measured, in the order of the table. Each answers rows, at once or as they come. `minutes` is an estimate for
 * two quiet cores; a part that takes more than four is to be cut in two.
 */
export const PARTS = {
  activation: { minutes: 0.2, measure: measureActivation },
  editor: { minutes: 2, measure: measureEditor },
  latency: { minutes: 0.3, measure: measureLatency },
  training: { minutes: 0.8, measure: measureTraining },
  memory: { minutes: 2, measure: measureMemory },
  products: { minutes: 2, measure: kernels('products') },
  keyWorkload: { minutes: 0.4, measure: kernels('keyWorkload') },
  online: { minutes: 2.5, measure: kernels('online') },
  sizes: { minutes: 2, measure: kernels('sizes') },
  length: { minutes: 1.5, measure: kernels('length') },
  levels: { minutes: 0.5, measure: kernels('levels') },
  outerStep: { minutes: 1, measure: kernels('outerStep') },
  muon: { minutes: 0.2, measure: kernels('muon') },
  backends: { minutes: 0.5, measure: measureBackends },
  absorption: { minutes: 1, measure: measureAbsorption },
  runs: { minutes: 3, measure: measureRuns },
  longRun: { minutes: 4, measure: measureLongRun },
  checkpoints: { minutes: 0.5, measure: archives('checkpoints') },
  fuzz: { minutes: 4, measure: archives('fuzz') },
  view: { minutes: 1, measure: measureView },
  timeline: { minutes: 1, measure: measureTimeline },
  pretraining: { minutes: 1.5, measure: measurePretraining },
  peerKey: { minutes: 0.5, measure: peers('peerKey') },
  peerOnline: { minutes: 2, measure: peers('peerOnline') },
  peerPretraining: { minutes: 2, measure: peers('peerPretraining') },
  peerNative: { minutes: 2, measure: peers('peerNative') },
};

/** Names that stand for several parts. */
export const GROUPS = {
  kernels: ['products', 'keyWorkload', 'online'],
  peers: ['peerKey', 'peerOnline', 'peerPretraining', 'peerNative'],
};
