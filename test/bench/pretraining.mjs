import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compared } from './statistics.mjs';

/** `hopescope pretrain` of the hope-mini recipe on all cores, fixture text, steps after the first few. */
export async function measurePretraining() {
  const folder = await mkdtemp(join(tmpdir(), 'hopescope-bench-'));
  try {
    await cp('test/fixtures/heldOut', join(folder, 'data'), { recursive: true });
    const recipe = JSON.parse(await readFile('engine/recipes/hope-mini.json', 'utf8'));
    recipe.model.vocabulary = 512;
    const run = async (steps, workers) => {
      Object.assign(recipe.training, {
        steps,
        batch: 8,
        validation_interval: 1e6,
        checkpoint_interval: 1e6,
        validation_fraction: 0.5,
      });
      await writeFile(join(folder, 'config.json'), JSON.stringify(recipe));
      const out = join(folder, `out-${steps}-${workers}`);
      const args = [
        'dist/cli.cjs',
        'pretrain',
        '--config',
        join(folder, 'config.json'),
        '--data',
        join(folder, 'data'),
        '--out',
        out,
        '--workers',
        String(workers),
        '--json',
      ];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      return JSON.parse(stdout);
    };
    const pace = async workers => {
      const [short, long] = [await run(3, workers), await run(10, workers)];
      return (long.tokens - short.tokens) / (long.seconds - short.seconds);
    };
    const workers = availableParallelism();
    const [alone, together] = [await pace(1), await pace(workers)];
    const what = `pre-training, hope-mini with a vocabulary of 512, 8 × 128 tokens a step, ${workers} workers`;
    return [compared(what, { value: together, unit: 'tokens/s' }, { name: 'one worker', value: alone })];
  } finally {
    await rm(folder, { recursive: true });
  }
}
