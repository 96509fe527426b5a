import { memoryOwner } from '../../engine/protocol/index.ts';
import { cmsIndex, levelColor } from '../charts/levelColor.ts';
import { levelMark } from '../charts/levelMark.ts';
import { button } from '../ui/button.ts';
import { element, setText } from '../ui/dom.ts';
import { fixed, grouped, NONE, scientific, significant } from '../ui/format.ts';
import { readLevel } from './readings.ts';
import { endOf } from './runPieces.ts';
import type { ViewState } from './state.ts';
import type { Draw, ViewActions } from './viewContext.ts';

/** Name and numbers of the selected level at the playhead, and what may be done to it in a branch. */
export function levelPanel(parent: HTMLElement, { command }: ViewActions): Draw {
  const mark = element('span', 'mark');
  const title = element('span');
  const every = element('span', 'dim every');
  const heading = element('h2', 'level-title', mark, title, every);
  const numbers = element('dl', 'numbers');
  const restore = button({
    label: 'Restore This Update',
    secondary: true,
    onClick: () => command('restoreUpdate'),
  });
  const cancel = button({ label: 'Cancel', secondary: true, onClick: () => command('cancelRestore') });
  const words = element('p', 'dim restore-words');
  const actions = element('div', 'buttons interventions');
  for (const [label, id] of [
    ['Freeze', 'freezeLevel'],
    ['Rate…', 'rateLevel'],
    ['Revert', 'revertLevel'],
    ['Scale…', 'scaleLevel'],
    ['Truncate…', 'truncateLevel'],
    ['Damp…', 'dampLevel'],
  ] as const) {
    actions.append(button({ label, secondary: true, onClick: () => command(id) }));
  }
  const branch = element(
    'section',
    '',
    element('h3', 'dim', 'branch from here with this level changed'),
    actions,
  );
  const state = element('section', '', element('div', 'buttons', restore, cancel), words);
  parent.append(element('section', '', heading, numbers), state, branch);
  let drawMark: ReturnType<typeof levelMark> | undefined;
  let shown = '';

  return (view, { theme }) => {
    const { run, seeking, restored, live } = view.host;
    const level = run?.levels[view.level];
    if (!run || !level) return;
    const cms = run.levels.filter(({ id }) => cmsIndex(id) >= 0).length;
    const color = levelColor(theme, level.id, cms);
    if (drawMark) drawMark(level.id, { theme, color });
    else drawMark = levelMark(mark, level.id, { theme, color });
    setText(title, run.blocks > 1 ? `${level.id}, block ${view.block + 1}` : level.id);
    setText(every, `every ${grouped(level.period)} tokens`);
    const lines = numberLines(view);
    const key = JSON.stringify(lines);
    if (key !== shown) {
      numbers.replaceChildren(
        ...lines.map(([name, value]) =>
          element('div', '', element('dt', 'dim', name), element('dd', 'number', value)),
        ),
      );
    }
    shown = key;
    const unavailable = run.unavailable;
    cancel.hidden = !seeking;
    restore.hidden = !!seeking;
    restore.disabled = !!unavailable || live || restored === view.updates;
    for (const node of actions.children) (node as HTMLButtonElement).disabled = !!unavailable || live;
    setText(
      words,
      seeking
        ? `Restoring update ${grouped(seeking.updates)}…`
        : (unavailable ??
            (live
              ? 'A training is writing this run.'
              : restored === undefined
                ? 'The playhead shows what was recorded. The live state is another one.'
                : restored === view.updates
                  ? 'This update is the live state.'
                  : `The live state is update ${grouped(restored)}.`)),
    );
  };
}

function numberLines(state: ViewState): (readonly [string, string])[] {
  const r = readLevel(state, state.level, state.block);
  const memory = memoryOwner(state.host.run?.levels[state.level]?.id ?? '') !== undefined;
  const w = memory ? 'm' : 'W';
  if (!r) return [[state.updates === 0 ? 'before the first update' : 'being read…', '']];
  return [
    ['last update', r.last ? `${grouped(r.last.index + 1)}, token ${grouped(endOf(r.last))}` : 'none yet'],
    [`ρ = ‖Δ${w}‖ / ‖${w}‖`, scientific(r.rho)],
    [`‖Δ${w}‖`, significant(r.deltaNorm)],
    [`‖${w}‖`, significant(r.weightNorm)],
    memory ? ['surprise ‖∇‖', significant(r.writtenSurprise)] : ['drift', fixed(r.drift, 4)],
    ['pending', Number.isNaN(r.pending) ? NONE : `${grouped(r.pending)} tokens`],
  ];
}
