import type { MessageConnection } from 'vscode-jsonrpc';
import { Progress, Tokens } from '../protocol/requests.ts';
import * as protocol from '../protocol/runRequests.ts';
import type { TrainRequest } from '../protocol/training.ts';
import type { On } from './answers.ts';
import type { BranchRequest } from './branch.ts';
import { readOverview } from './overviewReading.ts';
import { readTokens, readUpdates, withRun } from './runReading.ts';
import type { Session } from './session.ts';

interface Stretch {
  readonly path: string;
  readonly first: number;
  readonly count: number;
}

/** Answers what is asked of recorded runs, and of the training that is stepped through. */
export function handleRuns(on: On, connection: MessageConnection, opened: () => Session): void {
  on(protocol.DescribeRun, ({ path }: { path: string }) => opened().describeRun(path));
  on(protocol.ReadUpdates, ({ path, first, count }: Stretch) =>
    withRun(path, reader => readUpdates(reader, first, count)),
  );
  on(protocol.ReadTokens, ({ path, first, count }: Stretch) =>
    withRun(path, reader => readTokens(reader, first, count)),
  );
  on(
    protocol.ReadOverview,
    ({ path, ...range }: { path: string; from: number; to: number; columns: number }, token) =>
      withRun(path, reader => readOverview(reader, range, () => token.isCancellationRequested)),
  );
  on(protocol.Annotate, ({ path, updates, note }: { path: string; updates: number; note?: string }) =>
    opened().annotate(path, updates, note),
  );
  on(protocol.SeekRun, ({ path, updates }: { path: string; updates: number }, token) =>
    opened().seek(path, updates, () => token.isCancellationRequested),
  );
  on(protocol.Branch, ({ path, ...request }: BranchRequest & { path: string }, token) =>
    opened().branch(path, request, {
      cancelled: () => token.isCancellationRequested,
      onProgress: progress => void connection.sendProgress(Progress, request.runId, progress),
    }),
  );
  on(protocol.OpenStepper, (request: TrainRequest, token) =>
    opened().openStepper(
      request,
      spans => void connection.sendNotification(Tokens, spans),
      () => token.isCancellationRequested,
    ),
  );
  on(protocol.StepTo, ({ runId, updates }: { runId: string; updates: number }, token) =>
    opened().stepTo(runId, updates, () => token.isCancellationRequested),
  );
  on(protocol.CloseStepper, ({ runId }: { runId: string }) => opened().closeStepper(runId));
}
