import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import { CheckpointError } from '../checkpoint/checkpointError.ts';
import { readSafetensors, writeSafetensors } from '../checkpoint/safetensors.ts';
import type { Moments } from '../optimizer/adamW.ts';
import { ParameterLayout } from './parameterLayout.ts';
import type { PretrainConfig } from './pretrainConfig.ts';

const MEMORY = 'memory.';

/** All that the outer loop needs to go on: one file, written atomically. */
export interface PretrainingState {
  readonly step: number;
  readonly loss: number;
  readonly validationLoss: number;
  /** Spent in training so far. */
  readonly seconds: number;
  /** `tokenizer.json` */
  readonly tokenizer: object;
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Absent before the first step. */
  readonly moments?: Moments;
  /** What another optimizer remembers, by name. */
  readonly memories?: ReadonlyMap<string, Float32Array>;
}

/** @returns undefined when there is no such file. @throws CheckpointError when it is of another configuration. */
export async function readPretrainingState(
  path: string,
  config: PretrainConfig,
): Promise<PretrainingState | undefined> {
  if (
    !(await access(path)
      .then(() => true)
      .catch(() => false))
  )
    return undefined;
  const { tensors, metadata } = await readSafetensors(path);
  if (metadata.config !== fingerprint(config)) {
    const remedy = 'Choose another output folder, or give the configuration that this one was started with.';
    throw new CheckpointError('was written by a training with another configuration', path, remedy);
  }
  const take = (prefix: string, name: string) => {
    const tensor = tensors.get(prefix + name);
    if (!tensor) throw new CheckpointError(`${prefix}${name} is missing`, path);
    return tensor.data;
  };
  const layout = new ParameterLayout(config.model);
  const all = (prefix: string) => new Map(layout.specs.map(({ name }) => [name, take(prefix, name)]));
  const flat = (prefix: string) => layout.flatten(all(prefix), new Float32Array(layout.size));
  return {
    step: Number(metadata.step),
    loss: Number(metadata.loss),
    validationLoss: Number(metadata.validationLoss),
    seconds: Number(metadata.seconds),
    tokenizer: JSON.parse(metadata.tokenizer),
    weights: all('weight.'),
    moments: { first: flat('first.'), second: flat('second.') },
    memories: new Map(
      [...tensors]
        .filter(([name]) => name.startsWith(MEMORY))
        .map(([name, { data }]) => [name.slice(MEMORY.length), data]),
    ),
  };
}

export async function writePretrainingState(
  path: string,
  config: PretrainConfig,
  state: Required<Omit<PretrainingState, 'memories'>> & Pick<PretrainingState, 'memories'>,
): Promise<void> {
  const layout = new ParameterLayout(config.model);
  const tensors = layout.specs.flatMap(({ name, shape }, i) => [
    { name: `weight.${name}`, shape, data: state.weights.get(name)! },
    { name: `first.${name}`, shape, data: layout.part(state.moments.first, i) },
    { name: `second.${name}`, shape, data: layout.part(state.moments.second, i) },
  ]);
  const memories = [...(state.memories ?? [])].map(([name, data]) => ({
    name: `${MEMORY}${name}`,
    shape: [data.length],
    data,
  }));
  await writeSafetensors(path, [...tensors, ...memories], {
    config: fingerprint(config),
    step: String(state.step),
    loss: String(state.loss),
    validationLoss: String(state.validationLoss),
    seconds: String(state.seconds),
    tokenizer: JSON.stringify(state.tokenizer),
  });
}

/** What must be the same for a resumed training to be the same training. */
function fingerprint({ model, training }: PretrainConfig): string {
  const { learning_rates: _online, name: _name, ...built } = model;
  const { validation_interval: _every, checkpoint_interval: _saved, optimizer, ...steps } = training;
  const run = optimizer && optimizer !== 'adamw' ? { ...steps, optimizer } : steps;
  return createHash('sha256')
    .update(JSON.stringify([built, run]))
    .digest('hex');
}
