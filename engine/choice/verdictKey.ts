import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { arch, cpus, platform } from 'node:os';
import { join } from 'node:path';
import { type BackendOptions, candidates } from '../tensor/candidates.ts';

/** What a measurement holds for. */
export interface Measured {
  readonly engineVersion: string;
  /** Folder of the model. */
  readonly model: string;
  readonly options: BackendOptions;
}

/**
 * A hexadecimal key that is another one as soon as a measurement may come out otherwise: processor, number of cores,
 * Node, engine, shape of the model, and the version of each backend as it is installed now. The model's shape is all
 * of its `config.json`; its weights decide no time, so the checkpoints of one training share a measurement.
 * @throws when there is no config.json to read
 */
export async function verdictKey({ engineVersion, model, options }: Measured): Promise<string> {
  const config = await readFile(join(model, 'config.json'));
  const cores = cpus();
  const parts = [
    `${platform()} ${arch()} ${cores[0]?.model ?? 'unknown'} ${cores.length}`,
    process.version,
    engineVersion,
    sha256(config),
    ...candidates.map(candidate => `${candidate.name} ${candidate.version(options)}`),
  ];
  return sha256(parts.join('\n'));
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
