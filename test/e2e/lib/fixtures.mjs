// The checkpoints among the fixtures, with what each holds by its own header or by the numbers that came with it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { READ_ALL_THE_SAME, SAFETENSORS_FAULTS, TORCH_FAULTS } from '../../support/badCheckpoints.ts';
import { root } from '../../vscode/setup.mjs';

const FIXTURES = join(root, 'test/fixtures');
const bytesOf = path => readFileSync(join(FIXTURES, path));
const json = path => JSON.parse(bytesOf(path));
const product = shape => shape.reduce((all, length) => all * length, 1);

/** How many tensors there are, and how many values in all of them. @param shapes by name */
const held = shapes => ({
  tensors: Object.keys(shapes).length,
  parameters: Object.values(shapes).reduce((sum, shape) => sum + product(shape), 0),
});

/** By the JSON header of a safetensors file: its length in 8 bytes, then the shapes by name. */
function safetensorsShapes(path) {
  const bytes = bytesOf(path);
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString());
  const tensors = Object.entries(header).filter(([name]) => name !== '__metadata__');
  return Object.fromEntries(tensors.map(([name, { shape }]) => [name, shape]));
}

/** Names in the directory at the end of a zip file. */
function zipNames(path) {
  const bytes = bytesOf(path);
  const end = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 5, 6]));
  const names = [];
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    const [name, extra, comment] = [28, 30, 32].map(place => bytes.readUInt16LE(at + place));
    names.push(bytes.toString('utf8', at + 46, at + 46 + name));
    at += 46 + name + extra + comment;
  }
  return names;
}

/**
 * A checkpoint of the public Hope. Every tensor has a storage of its own, those of its optimizer too, but for the head,
 * which is the embedding. @param shapes of the weights alone, the head among them
 */
function publicHope(folder, shapes) {
  const path = `checkpoints/${folder}/step_000010.pt`;
  const storages = zipNames(path).filter(name => /\/data\/\d+$/.test(name)).length;
  const [head] = Object.keys(shapes).filter(name => name.endsWith('lm_head.weight'));
  return { path, tensors: storages + 1, parameters: held(shapes).parameters - product(shapes[head]) };
}

const stateDict = path => Object.fromEntries(json(path).state_dict.map(({ key, shape }) => [key, shape]));
const safetensors = path => ({ path, ...held(safetensorsShapes(path)) });

function sharded(model) {
  const folder = `checkpoints/${model}/sharded`;
  const shards = readdirSync(join(FIXTURES, folder)).filter(name => name.endsWith('.safetensors'));
  const path = `${folder}/model.safetensors.index.json`;
  const whole = held(Object.assign({}, ...shards.map(name => safetensorsShapes(`${folder}/${name}`))));
  return [{ path, ...whole }, ...shards.map(name => safetensors(`${folder}/${name}`))];
}

const among = (folder, pattern) =>
  readdirSync(join(FIXTURES, folder))
    .filter(name => pattern.test(name))
    .map(name => `${folder}/${name}`);

/** What came with the NumPy files. */
const arrays = Object.fromEntries(
  Object.entries(json('checkpoints/numpy/expected.json')).map(([name, { shape }]) => [name, shape]),
);
/** As the files in `torch` were written: w, transposed, part, tied to w, expanded, bf, f8, scalar. */
const TORCH = { tensors: 8, parameters: 12 + 12 + 4 + 6 + 3 + 256 + 1 };

/** Checkpoints that are shown: `path` below the fixtures, `tensors` and `parameters`, tied ones once. */
export const GOOD = [
  ...['llama_tiny', 'gpt2_tiny'].flatMap(model => [
    safetensors(`checkpoints/${model}/model.safetensors`),
    ...sharded(model),
  ]),
  ...['km_selfmod_tiny', 'km_attention_tiny'].map(name =>
    safetensors(`checkpoints/${name}/model.safetensors`),
  ),
  publicHope('km_selfmod_tiny', stateDict('checkpoints/km_selfmod_tiny/expected.json')),
  publicHope('km_attention_tiny', safetensorsShapes('checkpoints/km_attention_tiny/model.safetensors')),
  publicHope('km_compiled_tiny', stateDict('checkpoints/km_compiled_tiny/expected.json')),
  // As PyTorch counts them: 33 names, of which the head is the embedding, in storages of 17,088 bytes.
  { path: 'checkpoints/km_hybrid_tiny/step_000000.pt', tensors: 33, parameters: 4272 },
  safetensors('km/compiled.safetensors'),
  ...among('safetensors/valid', /\.safetensors$/).map(safetensors),
  ...among('checkpoints/torch', /\.pt$/).map(path => ({ path, ...TORCH })),
  ...['stored', 'deflated'].map(name => ({ path: `checkpoints/numpy/${name}.npz`, ...held(arrays) })),
  // Beside arrays of objects, texts and records, which are not read.
  { path: 'checkpoints/numpy/objects.npz', ...held({ w: [2, 3, 4] }) },
  ...Object.entries(READ_ALL_THE_SAME).map(([name, lengths]) => ({
    path: `checkpoints/bad/${name}.pt`,
    ...held(Object.fromEntries(Object.entries(lengths).map(([tensor, length]) => [tensor, [length]]))),
  })),
];

/** Checkpoints that are refused: `path` below the fixtures, and the place and fault in words. */
export const BAD = [
  ...Object.entries(SAFETENSORS_FAULTS).map(([name, fault]) => ({
    path: `safetensors/bad/${name}.safetensors`,
    fault,
  })),
  ...Object.entries(TORCH_FAULTS).map(([name, fault]) => ({ path: `checkpoints/bad/${name}.pt`, fault })),
];

/** Every checkpoint below the fixtures, whether it is known here or not. */
export const everyCheckpoint = () =>
  readdirSync(FIXTURES, { recursive: true }).filter(path =>
    /\.(safetensors|pt|npz)$|\.index\.json$/.test(path),
  );

/** Contents by path of all files that lie in the folders of checkpoints. */
export function fixtureFiles() {
  const folders = new Set([...GOOD, ...BAD].map(({ path }) => path.slice(0, path.lastIndexOf('/'))));
  const names = [...folders].flatMap(folder =>
    readdirSync(join(FIXTURES, folder), { withFileTypes: true })
      .filter(entry => entry.isFile())
      .map(({ name }) => `${folder}/${name}`),
  );
  return new Map(names.map(path => [path, bytesOf(path)]));
}

/** Norms by name that came with the tiny Llama, computed in float64 by others. */
export const llamaNorms = () =>
  new Map(json('checkpoints/llama_tiny/expected.json').state_dict.map(({ key, fro }) => [key, fro]));
