import {
  type CancellationToken,
  createMessageConnection,
  IPCMessageReader,
  IPCMessageWriter,
  ResponseError,
} from 'vscode-jsonrpc/node';
import { CheckpointError } from './checkpoint/checkpointError.ts';
import { Inspector } from './inspection/inspector.ts';
import {
  CloseArchive,
  CompareArchives,
  CompareProgressType,
  InspectSpectrum,
  InspectTensor,
  MeasureProgressType,
  MeasureTensors,
  OpenArchive,
  SnapshotProgressType,
  WriteSnapshotRun,
} from './protocol/inspectorRequests.ts';
import type { EngineErrorData } from './protocol/requests.ts';
import { RunFileError } from './run/index.ts';
import { writeSnapshotRun } from './snapshots/snapshotRun.ts';

/**
 * The process that looks into checkpoints: it has no model, so that it answers while the engine trains, and what goes
 * wrong with a file goes wrong here alone. It ends when its host goes away.
 */
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
process.on('disconnect', () => process.exit(0));
const inspector = new Inspector();

/** Runs a request until it is cancelled; every refusal says what, where and what to do. */
async function answer<R>(
  token: CancellationToken,
  work: (signal: AbortSignal) => Promise<R>,
): Promise<R | ResponseError<EngineErrorData>> {
  const controller = new AbortController();
  const listening = token.onCancellationRequested(() => controller.abort());
  try {
    return await work(controller.signal);
  } catch (error) {
    const { message } = error as Error;
    if (error instanceof CheckpointError) {
      return new ResponseError(-32000, message, { code: 'bad-model', remedy: error.remedy });
    }
    if (error instanceof RunFileError || error instanceof RangeError || controller.signal.aborted) {
      return new ResponseError(-32000, message, { code: 'bad-input' });
    }
    console.error(error);
    return new ResponseError(-32000, message, { code: 'internal', remedy: 'See the log for details.' });
  } finally {
    listening.dispose();
  }
}

connection.onRequest(OpenArchive, ({ path, levels }, token) =>
  answer(token, () => inspector.open(path, levels)),
);
connection.onRequest(CloseArchive, ({ id }, token) =>
  answer(token, async () => {
    await inspector.close(id);
    return null;
  }),
);
connection.onRequest(InspectTensor, (params, token) =>
  answer(token, signal => inspector.view(params, params, signal)),
);
connection.onRequest(InspectSpectrum, (params, token) =>
  answer(token, signal => inspector.spectrum(params, signal)),
);
connection.onRequest(CompareArchives, ({ id, other, base, token: progress }, token) =>
  answer(token, signal =>
    inspector.compare(
      id,
      other,
      rows => void connection.sendProgress(CompareProgressType, progress, rows),
      signal,
      base,
    ),
  ),
);
connection.onRequest(MeasureTensors, ({ id, names, token: progress }, token) =>
  answer(token, signal =>
    inspector.measure(
      id,
      names,
      (rows, done) => void connection.sendProgress(MeasureProgressType, progress, { rows, done }),
      signal,
    ),
  ),
);
connection.onRequest(WriteSnapshotRun, ({ folder, target, levels, engineVersion, token: progress }, token) =>
  answer(token, async signal => ({
    snapshots: await writeSnapshotRun(folder, target, {
      ...{ levels, engineVersion, signal },
      onProgress: (done, total) =>
        void connection.sendProgress(SnapshotProgressType, progress, { done, total }),
    }),
  })),
);
connection.listen();
