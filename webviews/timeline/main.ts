import '../ui/page.css';
import '../ui/card.css';
import './layout.css';
import './tracks.css';
import './side.css';
import { Messenger } from 'vscode-messenger-webview';
import type { TimelineCommand } from '../../engine/protocol/index.ts';
import { frameLoop } from '../ui/frameLoop.ts';
import { hostApi } from '../ui/hostApi.ts';
import { watchTheme } from '../ui/themeWatch.ts';
import { connect, type HostLine } from './connect.ts';
import { exportChart } from './exportChart.ts';
import { askHost, loader } from './loader.ts';
import { reportPictures } from './report.ts';
import { type Action, initialState, reduce, type ViewState } from './state.ts';
import { timelineView } from './timelineView.ts';

/** Updates a second while it plays. */
const PLAY_MS = 1000 / 20;

let state: ViewState = initialState;
let host: HostLine | undefined;
const loop = frameLoop(() => draw(state, theme()));
const theme = watchTheme(loop.request, 'editor');
const api = hostApi();
const messenger = new Messenger(api);

function dispatch(action: Action): void {
  const before = state;
  state = reduce(state, action);
  if (state === before) return;
  loop.request();
  load();
  const { updates, level, block } = state;
  if (updates !== before.updates || level !== before.level || block !== before.block)
    host?.place(placeOf(state));
  if (state.playing !== before.playing) play(state.playing);
  // With it VS Code opens the run again after a reload.
  const path = state.host.run?.path;
  if (path !== before.host.run?.path) api.setState({ path });
}

function placeOf({ updates, level, block, host }: ViewState) {
  return { updates, level: host.run?.levels[level]?.id, block };
}

let timer: ReturnType<typeof setInterval> | undefined;
function play(on: boolean): void {
  clearInterval(timer);
  timer = on ? setInterval(() => dispatch({ type: 'tick' }), PLAY_MS) : undefined;
}

const load = loader(askHost(messenger), () => state, dispatch);
const command = (name: TimelineCommand, path?: string): void =>
  host?.command({ command: name, ...placeOf(state), path });
const draw = timelineView(document.body, { dispatch, command }, loop.request);
host = connect(messenger, {
  dispatch,
  export: format => exportChart(format, state, theme()),
  report: async () => reportPictures(state, theme()),
});
loop.request();
