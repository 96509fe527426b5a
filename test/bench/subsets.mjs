// `node subsets.mjs MODEL EVALUATIONS TOKENS`: seconds for so many mixes of levels, scored by rows and one by one.
import { readModelFolder } from '../../engine/checkpoint/modelFolder.ts';
import { ModelScorer } from '../../engine/introspect/modelScorer.ts';
import { mix } from '../../engine/introspect/scorer.ts';
import { BaseModel } from '../../engine/model/baseModel.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { median } from './statistics.mjs';

const [model, evaluations, tokens] = process.argv.slice(2);
const LEVELS = ['memory', 'projections', 'cms.0', 'cms.1', 'cms.2'];

await openBackend('wasm');
const { config, tensors } = await readModelFolder(model);
const base = new BaseModel(config, tensors, model);
const specs = base.specs.filter(({ level }) => level !== 'outer');
const before = new Map(specs.map(({ name }) => [name, tensors.get(name).data]));
const after = new Map([...before].map(([name, data]) => [name, data.map(value => 1.01 * value)]));
const prompt = Int32Array.from({ length: Number(tokens) - 3 }, (_, i) => 300 + i);
const scorer = new ModelScorer(base, 0, { prompt, answer: Int32Array.of(301, 302, 303) });
const mixes = Array.from({ length: Number(evaluations) }, (_, mask) =>
  mix(specs, before, after, new Set(LEVELS.filter((_level, p) => mask & (1 << p)))),
);
const time = body => {
  const begun = performance.now();
  body();
  return (performance.now() - begun) / 1000;
};
const rows = () => {
  for (let at = 0; at < mixes.length; at += scorer.atOnce)
    scorer.scoreAll(mixes.slice(at, at + scorer.atOnce));
};
rows();
const [together, alone] = [[], []];
for (let i = 0; i < 5; i++) {
  together.push(time(rows));
  alone.push(time(() => mixes.map(weights => scorer.score(weights))));
}
base.dispose();
console.log(JSON.stringify({ together: median(together), alone: median(alone) }));
process.exit(0);
