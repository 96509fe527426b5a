import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../checkpoint/atomicFile.ts';
import { BACKEND_NAMES, type BackendTiming, type BackendVerdict } from '../protocol/backend.ts';

const FORMAT = 1;
/** Models and installations that a user goes back and forth between. */
const MOST_VERDICTS = 32;

interface Contents {
  readonly format: typeof FORMAT;
  /** Newest last. */
  readonly verdicts: Readonly<Record<string, BackendVerdict>>;
}

/**
 * Measurements of this machine, by key, in `backends.json` of a storage folder. A file that is missing, damaged or of
 * another format counts as empty: everything in it can be measured again.
 */
export class VerdictFile {
  readonly path: string;

  constructor(private readonly folder: string) {
    this.path = join(folder, 'backends.json');
  }

  async read(key: string): Promise<BackendVerdict | undefined> {
    return (await this.all())[key];
  }

  /** @throws CheckpointError when the folder cannot be written to */
  async write(key: string, verdict: BackendVerdict): Promise<void> {
    const { [key]: _, ...others } = await this.all();
    const kept = [...Object.entries(others), [key, verdict] as const].slice(-MOST_VERDICTS);
    const contents: Contents = { format: FORMAT, verdicts: Object.fromEntries(kept) };
    await mkdir(this.folder, { recursive: true });
    await writeAtomically(this.path, [Buffer.from(`${JSON.stringify(contents, null, 2)}\n`)]);
  }

  private async all(): Promise<Contents['verdicts']> {
    try {
      const contents = JSON.parse(await readFile(this.path, 'utf8')) as Partial<Contents>;
      if (contents.format !== FORMAT) return {};
      return Object.fromEntries(
        Object.entries(contents.verdicts ?? {}).filter(([, each]) => isVerdict(each)),
      );
    } catch {
      return {};
    }
  }
}

function isVerdict(value: unknown): value is BackendVerdict {
  const { measuredAt, timings } = (value ?? {}) as Partial<BackendVerdict>;
  return typeof measuredAt === 'string' && Array.isArray(timings) && timings.every(isTiming);
}

function isTiming(value: unknown): value is BackendTiming {
  const { name, label, milliseconds, refused } = (value ?? {}) as Partial<BackendTiming>;
  return (
    BACKEND_NAMES.some(known => known === name) &&
    typeof label === 'string' &&
    (milliseconds === undefined ? typeof refused === 'string' : Number.isFinite(milliseconds))
  );
}
