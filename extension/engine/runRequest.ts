import type { RequestType } from 'vscode-jsonrpc/node';
import type { EngineErrorData } from '../../engine/protocol/requests.ts';
import type * as messages from '../../engine/protocol/runRequests.ts';

type Messages = typeof messages;
type Parts<K extends keyof Messages> =
  Messages[K] extends RequestType<infer P, infer R, EngineErrorData> ? { params: P; result: R } : never;

/** Names of the requests about runs. */
export type RunRequestName = {
  [K in keyof Messages]: Parts<K> extends never ? never : K;
}[keyof Messages];
export type ParamsOf<K extends RunRequestName> = Parts<K>['params'];
export type ResultOf<K extends RunRequestName> = Parts<K>['result'];

/** A request about runs by its name. Loaded at the first need, and the library with it: activation must stay short. */
export async function runRequest<K extends RunRequestName>(
  name: K,
): Promise<RequestType<ParamsOf<K>, ResultOf<K>, EngineErrorData>> {
  const all = await import('../../engine/protocol/runRequests.ts');
  return all[name] as unknown as RequestType<ParamsOf<K>, ResultOf<K>, EngineErrorData>;
}
