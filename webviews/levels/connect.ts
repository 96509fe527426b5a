import { HOST_EXTENSION } from 'vscode-messenger-common';
import type { Messenger } from 'vscode-messenger-webview';
import type {
  ChartExport,
  ChartFormat,
  Frame,
  LevelsCommand,
  LevelsReset,
} from '../../engine/protocol/index.ts';
import {
  LevelsExport,
  LevelsFrame,
  LevelsReady,
  LevelsResetMessage,
  LevelsRun,
  LevelsStateMessage,
} from '../../engine/protocol/messages.ts';
import type { Action } from './state.ts';

/** What the host's messages do to the view. */
export interface Receiver {
  /** @throws RangeError on a frame that does not fit. */
  dispatch(action: Action): void;
  /** Resolves when all that was dispatched is on the screen. */
  drawn(): Promise<void>;
  export(format: ChartFormat): Promise<ChartExport>;
}

/** Listens to the host and tells it that the view is ready. Returns what sends the view's commands. */
export function connect(messenger: Messenger, receiver: Receiver): (command: LevelsCommand) => void {
  const askForBacklog = (): void => messenger.sendNotification(LevelsReady, HOST_EXTENSION);
  messenger.onNotification(LevelsStateMessage, state => receiver.dispatch({ type: 'state', state }));
  messenger.onNotification(LevelsResetMessage, reset => receiveReset(receiver, reset));
  messenger.onRequest(LevelsFrame, frame => receiveFrame(receiver, frame, askForBacklog));
  messenger.onRequest(LevelsExport, format => receiver.export(format));
  messenger.start();
  askForBacklog();
  return command => messenger.sendNotification(LevelsRun, HOST_EXTENSION, command);
}

/** A damaged backlog must not hide the state that came with it. */
function receiveReset(receiver: Receiver, reset: LevelsReset): void {
  try {
    receiver.dispatch({ type: 'reset', reset });
  } catch (error) {
    console.error(`Levels: the backlog was refused: ${String(error)}`);
    receiver.dispatch({ type: 'reset', reset: { state: reset.state } });
  }
}

/** Answered when drawn: the answer is the host's leave to send the next frame. */
async function receiveFrame(receiver: Receiver, frame: Frame, askForBacklog: () => void): Promise<void> {
  try {
    receiver.dispatch({ type: 'frame', frame });
  } catch (error) {
    // What was missed comes with the backlog, so that no update is lost.
    askForBacklog();
    throw error;
  }
  await receiver.drawn();
}
