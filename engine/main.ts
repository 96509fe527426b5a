import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import manifest from '../package.json';
import { BackendLost, Heartbeat } from './protocol/requests.ts';
import { handleRequests } from './session/requestHandlers.ts';
import { onBackendLoss } from './tensor/backendLoss.ts';
import { tf } from './tensor/tf.ts';

/** The engine process: forked by the extension host, it ends when the host goes away. */
const connection = createMessageConnection(new IPCMessageReader(process), new IPCMessageWriter(process));
process.on('disconnect', () => process.exit(0));

onBackendLoss(reason => {
  void connection.sendNotification(BackendLost, { reason }).finally(() => process.exit(1));
});
handleRequests(connection, manifest.version);
connection.listen();

setInterval(() => {
  const tensors = tf.getBackend() ? tf.memory().numTensors : 0;
  void connection.sendNotification(Heartbeat, { residentBytes: process.memoryUsage.rss(), tensors });
}, 1000);
