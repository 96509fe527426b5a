import type { MessageConnection } from 'vscode-jsonrpc';
import type { AbsorptionRequest } from '../protocol/absorption.ts';
import type { InterferenceRequest } from '../protocol/forgetting.ts';
import * as protocol from '../protocol/runRequests.ts';
import type { SpectrumRequest, WritePartsRequest } from '../protocol/spectrum.ts';
import { absorbFact } from './absorption.ts';
import type { On } from './answers.ts';
import { readForgetting, readInterference } from './forgetting.ts';
import type { InspectedRun } from './inspectedRun.ts';
import type { Session } from './session.ts';
import { readSpectrum, readWriteParts } from './spectra.ts';

/** Answers what is asked about the inside of recorded runs. */
export function handleIntrospection(on: On, connection: MessageConnection, opened: () => Session): void {
  const inspected = <P extends { readonly path: string }, R>(
    type: { method: string },
    answer: (run: InspectedRun, params: P) => Promise<R>,
  ) =>
    on(type, (params: P, token) =>
      opened().inspect(
        params.path,
        () => token.isCancellationRequested,
        run => answer(run, params),
      ),
    );
  inspected(protocol.ReadSpectrum, (run, request: SpectrumRequest) => readSpectrum(run, request));
  inspected(protocol.ReadWriteParts, (run, request: WritePartsRequest) => readWriteParts(run, request));
  inspected(protocol.ReadInterference, (run, request: InterferenceRequest) => readInterference(run, request));
  inspected(protocol.Absorb, (run, request: AbsorptionRequest) =>
    absorbFact(run, request, (done, total) => {
      void connection.sendProgress(protocol.AbsorbProgress, request.token, { done, total });
    }),
  );
  on(protocol.ReadForgetting, ({ paths }: { paths: readonly string[] }) => readForgetting(paths));
}
