import type { CancellationToken } from 'vscode-jsonrpc';
import { measureBackends } from '../choice/measureBackends.ts';
import { VerdictFile } from '../choice/verdictFile.ts';
import { verdictKey } from '../choice/verdictKey.ts';
import type { BackendVerdict } from '../protocol/backend.ts';
import type { MeasureParams } from '../protocol/requests.ts';
import type { BackendOptions } from '../tensor/candidates.ts';
import { EngineError } from './engineError.ts';

/** Measures the backends on a model, one measurement at a time, and keeps what comes out. */
export class Measuring {
  private running: AbortController | undefined;

  constructor(
    private readonly storage: string | undefined,
    private readonly engineVersion: string,
    private readonly options: BackendOptions,
  ) {}

  /**
   * What is known of a model, or else measured now. With `again` it is measured in any case, and a measurement that
   * runs is stopped for it. @throws EngineError `busy` when it is stopped, or one runs already
   */
  async measure(
    model: string,
    { again, nativeFolder = this.options.nativeFolder }: MeasureParams,
    token?: CancellationToken,
  ): Promise<BackendVerdict> {
    const { storage, engineVersion } = this;
    const options = { ...this.options, nativeFolder };
    const file = storage === undefined ? undefined : new VerdictFile(storage);
    const key = await verdictKey({ engineVersion, model, options });
    const known = again ? undefined : await file?.read(key);
    if (known) return known;
    if (this.running && !again) {
      throw new EngineError('busy', 'The backends are being measured already.', 'Wait for it.');
    }
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const asked = token?.onCancellationRequested(() => running.abort());
    try {
      const verdict = await measureBackends(model, { ...options, signal: running.signal });
      await file?.write(key, verdict);
      return verdict;
    } catch (error) {
      if (!running.signal.aborted) throw error;
      throw new EngineError(
        'busy',
        'Measuring the backends was stopped.',
        'Measure them when nothing trains.',
      );
    } finally {
      asked?.dispose();
      if (this.running === running) this.running = undefined;
    }
  }

  /** Makes way for a training: the cores are needed. */
  stop(): void {
    this.running?.abort();
  }
}
