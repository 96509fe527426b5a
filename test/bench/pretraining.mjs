import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { row } from './statistics.mjs';

/** `hopescope pretrain` of the hope-mini recipe on all cores, fixture text, steps after the first few. */
export async function measurePretraining() {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  try {
    await cp('test/fixtures/heldOut', join(folder, 'data'), { recursive: true });
    const recipe = JSON.parse(await readFile('engine/recipes/hope-mini.json', 'utf8'));
    recipe.model.vocabulary = 512;
    const run = async steps => {
      Object.assign(recipe.training, {
        steps,
        batch: 8,
        validation_interval: 1e6,
        checkpoint_interval: 1e6,
        validation_fraction: 0.5,
      });
      await writeFile(join(folder, 'config.json'), JSON.stringify(recipe));
      const out = join(folder, `out-${steps}`);
      const args = [
        'dist/cli.cjs',
        'pretrain',
        '--config',
        join(folder, 'config.json'),
        '--data',
        join(folder, 'data'),
        '--out',
        out,
        '--json',
      ];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return JSON.parse(stdout);
    };
    const [short, long] = [await run(4), await run(16)];
    const rate = (long.tokens - short.tokens) / (long.seconds - short.seconds);
    return [row('pre-training, hope-mini with a vocabulary of 512, 8 × 128 tokens a step', rate, 'tokens/s')];
  } finally {
    await rm(folder, { recursive: true });
  }
}
