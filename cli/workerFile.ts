import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The gradient worker beside the bundle, or its source when the command runs from the sources. */
export function gradientWorkerFile(): string {
  const bundled = join(import.meta.dirname, 'gradientWorker.cjs');
  return existsSync(bundled)
    ? bundled
    : join(import.meta.dirname, '..', 'engine', 'train', 'gradientWorker.ts');
}
