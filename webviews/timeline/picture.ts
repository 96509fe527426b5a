import { memoryOwner } from '../../engine/protocol/index.ts';
import { heatMapHeight, heatMapShapes } from '../charts/heatMap.ts';
import { levelMarkShapes } from '../charts/levelMark.ts';
import { lineShapes } from '../charts/lineTrack.ts';
import type { Shape } from '../charts/shapes.ts';
import { surpriseBarShapes } from '../charts/surpriseBars.ts';
import type { Picture } from '../charts/svgText.ts';
import type { Theme } from '../charts/theme.ts';
import { timeAxis } from '../charts/timeAxis.ts';
import { translate } from '../charts/translate.ts';
import { fixed, grouped, scientific } from '../ui/format.ts';
import { percent } from './describe.ts';
import { colorOf, HEIGHTS, heatData, passes, SCALES, trackLines } from './drawing.ts';
import { meanSurprise, probeAt, readLevel, shownLoss, shownUpdate } from './readings.ts';
import { gatedLevel, levelOrder } from './rows.ts';
import { playheadPosition, type ViewState } from './state.ts';
import { sourceOf, surpriseSteps } from './trackData.ts';

/** Size and margins of the pictures, px. */
const WIDTH = 960;
const [LEFT, RIGHT, MARGIN] = [128, 74, 16];
/** Width of the time axis, px. */
export const PLOT = WIDTH - LEFT - RIGHT;

type Part = 'surprise' | 'loss' | 'probes' | 'updates' | 'gates' | 'drift';
export const ALL_PARTS: readonly Part[] = ['surprise', 'loss', 'probes', 'updates', 'gates', 'drift'];

const text = (x: number, y: number, words: string, fill: string, more: object = {}): Shape => ({
  ...{ kind: 'text', x, y, text: words, fill },
  ...more,
});

/** Tracks of the view as it stands, one below the other on one axis, with the playhead through them. */
export function tracksPicture(state: ViewState, theme: Theme, parts: readonly Part[]): Picture {
  const { run } = state.host;
  if (!run)
    return { width: WIDTH, height: 60, shapes: [text(MARGIN, 30, 'No run to show', theme.foreground)] };
  const { window } = state;
  const shapes: Shape[] = [
    text(MARGIN, 24, `${run.title}, ${run.modelName}`, theme.foreground, { size: 13, bold: true }),
    text(
      MARGIN,
      42,
      `update ${grouped(state.updates)} of ${grouped(run.updates)}, token ${grouped(playheadPosition(state))}`,
      theme.dim,
    ),
    text(MARGIN, 70, 'token', theme.dim),
    ...translate(
      timeAxis({ span: window, width: PLOT, y: 56, theme, number: grouped, names: passes(state) }),
      LEFT,
      0,
    ),
  ];
  let y = 84;
  for (const part of parts) {
    if (part === 'probes' && run.probes.length === 0) continue;
    const { height, shapes: drawn } = PARTS[part](state, theme);
    shapes.push(...translate(drawn, 0, y));
    y += height + 14;
  }
  const at = ((playheadPosition(state) - window.from) / (window.to - window.from)) * PLOT;
  if (at >= 0 && at <= PLOT) {
    const x = LEFT + Math.round(at) - 0.5;
    shapes.push({ kind: 'line', x1: x, y1: 74, x2: x, y2: y - 10, stroke: theme.foreground });
  }
  return { width: WIDTH, height: y + 6, shapes };
}

interface Drawn {
  readonly height: number;
  readonly shapes: Shape[];
}

const label = (theme: Theme, name: string, unit: string): Shape[] => [
  text(MARGIN, 11, name, theme.foreground),
  text(MARGIN, 25, unit, theme.dim),
];
const value = (theme: Theme, y: number, words: string): Shape =>
  text(LEFT + PLOT + 6, y, words, theme.foreground, { number: true });
const top = (theme: Theme, words: string): Shape =>
  text(LEFT - 6, 9, words, theme.dim, { anchor: 'end', number: true });

function lines(
  state: ViewState,
  theme: Theme,
  kind: 'loss' | 'probes' | 'gates' | 'drift',
  height: number,
): Shape[] {
  const drawn = trackLines(state, kind, theme);
  const options = { span: state.window, width: PLOT, height, theme, scale: drawn.scale };
  return translate(lineShapes(drawn.lines, options), LEFT, 0);
}

const PARTS: Record<Part, (state: ViewState, theme: Theme) => Drawn> = {
  surprise(state, theme) {
    const height = HEIGHTS.surprise;
    const source = sourceOf(state, 0);
    const other = sourceOf(state, 1);
    const data = { series: source ? surpriseSteps(source) : [], other: other && surpriseSteps(other) };
    const bars = surpriseBarShapes(data, { span: state.window, width: PLOT, height, theme });
    const update = shownUpdate(state);
    const mean = update ? [value(theme, height, fixed(meanSurprise(update), 2))] : [];
    const drawn = translate([...bars.marks, ...bars.labels], LEFT, 0);
    return { height, shapes: [...label(theme, 'surprise', 'nats'), top(theme, '8'), ...drawn, ...mean] };
  },
  loss(state, theme) {
    const { loss: height } = HEIGHTS;
    const drawn = lines(state, theme, 'loss', height);
    const scale = top(theme, String(SCALES.lossTop(state)));
    return {
      height,
      shapes: [
        ...label(theme, 'loss', 'nats/token'),
        scale,
        ...drawn,
        value(theme, height, fixed(shownLoss(state), 2)),
      ],
    };
  },
  probes(state, theme) {
    const { probes: height } = HEIGHTS;
    const names = (state.host.run?.probes ?? []).slice(0, 3);
    const values = names.map((_, i) => value(theme, 12 + 14 * i, percent(probeAt(state, i))));
    const drawn = lines(state, theme, 'probes', height);
    const scale = top(theme, `${100 * SCALES.probesTop(state)} %`);
    const caption = names.map(({ answer }) => answer.trim()).join(', ');
    return {
      height,
      shapes: [
        ...label(theme, 'probes', `p(${caption.length > 12 ? 'answer' : caption})`),
        scale,
        ...drawn,
        ...values,
      ],
    };
  },
  updates(state, theme) {
    const run = state.host.run!;
    const shapes: Shape[] = [
      text(
        LEFT,
        9,
        'ρ = ‖ΔW‖ / ‖W‖ of one update, log scale 1e-5 to 1e-1; a cell spans the tokens it read',
        theme.dim,
      ),
    ];
    let y = 18;
    for (const level of levelOrder(run)) {
      const { id, period } = run.levels[level];
      if (memoryOwner(id) && !state.memories) continue;
      const color = colorOf(run, level, theme);
      const reading = readLevel(state, level, state.block);
      const data = heatData(state, level, undefined);
      const { marks, labels } = heatMapShapes(data, {
        span: state.window,
        width: PLOT,
        theme,
        color,
      });
      shapes.push(
        ...translate(levelMarkShapes(id, { theme, color }), MARGIN, y),
        text(MARGIN + 15, y + 9, id, theme.foreground, { bold: true }),
        text(MARGIN + 15, y + 23, `every ${grouped(period)}`, theme.dim),
        ...translate([...marks, ...labels], LEFT, y),
        value(theme, y + 12, scientific(reading?.rho ?? Number.NaN)),
      );
      y += Math.max(28, heatMapHeight(run.blocks, !!data.other)) + 6;
    }
    return { height: y, shapes };
  },
  gates(state, theme) {
    const { gates: height } = HEIGHTS;
    const run = state.host.run!;
    const level = gatedLevel(run, state.level);
    const reading = level < 0 ? undefined : readLevel(state, level, state.block);
    const values = reading
      ? [value(theme, 10, `α ${fixed(reading.alpha, 3)}`), value(theme, 24, `η ${fixed(reading.eta, 3)}`)]
      : [];
    const drawn = lines(state, theme, 'gates', height);
    return {
      height,
      shapes: [
        ...label(theme, 'gates α, η', run.levels[level]?.id ?? 'none'),
        top(theme, '1'),
        ...drawn,
        ...values,
      ],
    };
  },
  drift(state, theme) {
    const { drift: height } = HEIGHTS;
    return {
      height,
      shapes: [...label(theme, 'drift', '1e-4 to 1, log'), ...lines(state, theme, 'drift', height)],
    };
  },
};
