import { mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSafetensors, readSafetensors } from '../../engine/checkpoint/safetensors.ts';
import { unchangedIn } from '../../engine/checkpoint/unchanged.ts';
import type {
  TokenSpans,
  TrainOptions,
  TrainProgress,
  TrainRequest,
} from '../../engine/protocol/training.ts';
import type { Update } from '../../engine/protocol/update.ts';
import { Session } from '../../engine/session/session.ts';
import type { TrainingHooks } from '../../engine/session/training.ts';
import { openBackend } from '../../engine/tensor/backend.ts';
import { makeTinyModel, TINY_TEXT } from './tinyModel.ts';

export const TRAIN_OPTIONS: TrainOptions = {
  epochs: 1,
  learningRates: {},
  partialChunk: 'flush',
  telemetry: true,
};

let count = 0;

export function trainRequest(changes: Partial<TrainRequest> = {}): TrainRequest {
  count++;
  return {
    runId: `run-${count}`,
    text: TINY_TEXT,
    title: 'tiny text',
    options: TRAIN_OPTIONS,
    probes: [],
    ...changes,
  };
}

/** Hooks that remember everything; `cancelAfter` stops after so many updates. */
export class Recording implements TrainingHooks {
  readonly updates: Update[] = [];
  readonly spans: TokenSpans[] = [];
  readonly progress: TrainProgress[] = [];

  constructor(
    private readonly cancelAfter = Number.POSITIVE_INFINITY,
    private readonly after: (update: Update) => void | Promise<void> = () => {},
  ) {}

  cancelled(): boolean {
    return this.updates.length >= this.cancelAfter;
  }

  onTokens(spans: TokenSpans): void {
    this.spans.push(spans);
  }

  async onUpdate(update: Update): Promise<void> {
    this.updates.push(update);
    await this.after(update);
  }

  onProgress(progress: TrainProgress): void {
    this.progress.push(progress);
  }
}

/** A folder with a tiny model in `model/`, and sessions on it. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'hopescope-session-'));
  readonly model = join(this.folder, 'model');
  private readonly sessions: Session[] = [];

  static async make(): Promise<Bench> {
    await openBackend('wasm');
    const bench = new Bench();
    await makeTinyModel(bench.model);
    return bench;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A session with the model loaded. @param commitEvery milliseconds in which updates are recorded together */
  async session(commitEvery = 0): Promise<Session> {
    const session = new Session({ engine: '0.0.0', backend: 'wasm', commitEvery });
    this.sessions.push(session);
    await session.load(this.model);
    return session;
  }

  /** The fast weights of a session by name. */
  async weights(session: Session): Promise<Map<string, Float32Array>> {
    const path = this.path('state.safetensors');
    await session.saveFastState(path);
    return readFastWeights(path, this.model);
  }

  dispose(): void {
    for (const session of this.sessions) session.dispose();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The weights in a saved fast state by name. @param model folder of its base, for those that are still the base's */
export async function readFastWeights(path: string, model?: string): Promise<Map<string, Float32Array>> {
  const { tensors, metadata } = parseSafetensors(await readFile(path), path);
  const weights = new Map([...tensors].map(([name, { data }]) => [name, data]));
  if (!model) return weights;
  const base = await readSafetensors(join(model, 'model.safetensors'));
  for (const name of unchangedIn(metadata.unchanged)!) {
    weights.set(`fast.${name}`, base.tensors.get(name)!.data);
  }
  return weights;
}
