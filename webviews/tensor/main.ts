import '../ui/page.css';
import './layout.css';
import './inspector.css';
import { HOST_EXTENSION } from 'vscode-messenger-common';
import { Messenger } from 'vscode-messenger-webview';
import {
  CheckpointCopy,
  CheckpointExport,
  CheckpointMeasure,
  CheckpointReady,
  CheckpointRun,
  CheckpointStateMessage,
} from '../../engine/protocol/tensorMessages.ts';
import { frameLoop } from '../ui/frameLoop.ts';
import { hostApi } from '../ui/hostApi.ts';
import { watchTheme } from '../ui/themeWatch.ts';
import { checkpointView } from './checkpointView.ts';
import { exportCharts } from './exportCharts.ts';
import { loader } from './loader.ts';
import { type Action, initialState, reduce, type ViewState } from './state.ts';

let state: ViewState = initialState;
const loop = frameLoop(() => draw(state, theme()));
const theme = watchTheme(loop.request, 'editor');
const messenger = new Messenger(hostApi());

function dispatch(action: Action): void {
  const before = state;
  state = reduce(state, action);
  if (state === before) return;
  loop.request();
  load();
}

const load = loader(messenger, () => state, dispatch);
const draw = checkpointView(
  document.body,
  {
    dispatch,
    command: command => messenger.sendNotification(CheckpointRun, HOST_EXTENSION, { command }),
    measure: names => messenger.sendNotification(CheckpointMeasure, HOST_EXTENSION, { names }),
    copy: kind => {
      const { selected: name, choice } = state;
      if (name !== undefined)
        messenger.sendNotification(CheckpointCopy, HOST_EXTENSION, { name, kind, choice });
    },
  },
  loop.request,
);
messenger.onNotification(CheckpointStateMessage, host => dispatch({ type: 'host', state: host }));
messenger.onRequest(CheckpointExport, format => exportCharts(format, state, theme()));
messenger.start();
messenger.sendNotification(CheckpointReady, HOST_EXTENSION);
loop.request();
