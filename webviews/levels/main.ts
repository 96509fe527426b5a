import '../ui/page.css';
import './header.css';
import './tracks.css';
import '../ui/card.css';
import { Messenger } from 'vscode-messenger-webview';
import { frameLoop } from '../ui/frameLoop.ts';
import { hostApi } from '../ui/hostApi.ts';
import { watchTheme } from '../ui/themeWatch.ts';
import { connect } from './connect.ts';
import { exportChart } from './exportChart.ts';
import { levelsView } from './levelsView.ts';
import { type Action, initialState, reduce } from './state.ts';

let state = initialState;
const loop = frameLoop(() => draw(state, theme()));
const theme = watchTheme(loop.request);

function dispatch(action: Action): void {
  state = reduce(state, action);
  loop.request();
}

const command = connect(new Messenger(hostApi()), {
  dispatch,
  drawn: loop.drawn,
  export: format => exportChart(format, state, theme()),
});
const draw = levelsView(document.body, { dispatch, command }, loop.request);
loop.request();
