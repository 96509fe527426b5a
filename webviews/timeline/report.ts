import {
  type AbsorptionReport,
  type DeltaSpectrum,
  ownLevels,
  type Probe,
  type ReportPicture,
} from '../../engine/protocol/index.ts';
import { contributionShapes, contributionsHeight } from '../charts/contributions.ts';
import { forgettingHeight, forgettingShapes } from '../charts/forgetting.ts';
import { forgettingMatrixHeight, forgettingMatrixShapes } from '../charts/forgettingMatrix.ts';
import { handOverHeight, handOverShapes } from '../charts/handOver.ts';
import { interferenceHeight, interferenceShapes } from '../charts/interferenceBars.ts';
import { cmsIndex } from '../charts/levelColor.ts';
import { lineShapes } from '../charts/lineTrack.ts';
import type { Shape } from '../charts/shapes.ts';
import { SPECTRUM_HEIGHT, spectrumShapes } from '../charts/spectrumChart.ts';
import { type Picture, svgText } from '../charts/svgText.ts';
import type { Theme } from '../charts/theme.ts';
import { translate } from '../charts/translate.ts';
import { describeHandOver, describeLevel } from './absorptionWords.ts';
import { describeTrack } from './describe.ts';
import { colorOf } from './drawing.ts';
import {
  curveLines,
  curvesOf,
  describeCurves,
  describeForgetting,
  describeInterference,
  describeMatrix,
  forgettingData,
  interferenceOf,
  matrixOf,
  shortName,
} from './forgettingData.ts';
import { positionAfter } from './geometry.ts';
import { tracksPicture } from './picture.ts';
import { describeSpectrum, strongest } from './spectrumWords.ts';
import type { ViewState } from './state.ts';
import { extent } from './timeWindow.ts';

const PANEL = 420;

/** What was computed with the model of a run. */
export interface Inside {
  readonly absorptions: readonly { readonly fact: Probe; readonly report: AbsorptionReport }[];
  /** `update`: of one update rather than of a stretch, so that its tokens bound the rank. */
  readonly spectra: readonly { readonly spectrum: DeltaSpectrum; readonly update: boolean }[];
}

/** What a view shows of it. */
const insideOf = ({ host: { absorption }, spectrum, range }: ViewState): Inside => ({
  absorptions: absorption ? [absorption] : [],
  spectra: spectrum ? [{ spectrum, update: range === 'update' }] : [],
});

/**
 * Every chart of the whole run as a file of its own, with its text alternative.
 * @param inside what is drawn in place of what the view has of it
 */
export function reportPictures(view: ViewState, theme: Theme, inside = insideOf(view)): ReportPicture[] {
  const { run } = view.host;
  if (!run) return [];
  const state = { ...view, window: { from: 0, to: extent(view) } };
  const found: ReportPicture[] = [];
  const add = (name: string, title: string, text: string, picture: Picture): void => {
    found.push({ name, title, text, svg: svgText(picture, theme, `${title}. ${text}`) });
  };
  const tracks = [describeTrack(state, { kind: 'surprise' }), describeTrack(state, { kind: 'loss' })];
  if (run.probes.length) tracks.push(describeTrack(state, { kind: 'probes' }));
  add(
    'surprise',
    'Surprise, loss and probes',
    tracks.join(' '),
    tracksPicture(state, theme, ['surprise', 'loss', 'probes']),
  );
  const updates = ownLevels(run.levels)
    .map(({ id, period }) => `${id} every ${period} tokens`)
    .join(', ');
  add('updates', 'Updates by level', `Levels: ${updates}.`, tracksPicture(state, theme, ['updates']));
  const slow = [describeTrack(state, { kind: 'gates' }), describeTrack(state, { kind: 'drift' })];
  add('gates-and-drift', 'Gates and drift', slow.join(' '), tracksPicture(state, theme, ['gates', 'drift']));
  const scores = forgettingData(state);
  if (scores) {
    const shapes = forgettingShapes(scores, { width: PANEL, theme });
    const picture = framed(PANEL, forgettingHeight(scores.probes.length), shapes);
    add('forgetting', 'Probes over the run', describeForgetting(scores), picture);
  }
  addForgetting(state, theme, add);
  inside.absorptions.forEach((_, nth) => {
    addAbsorption(state, theme, inside, nth, add);
  });
  addSpectra(state, theme, inside, add);
  return found;
}

/** Height of the curves, px. */
const CURVES = 96;

type Add = (name: string, title: string, text: string, picture: Picture) => void;

const framed = (width: number, height: number, shapes: readonly Shape[]): Picture => ({
  ...{ width: width + 32, height: height + 32 },
  shapes: translate(shapes, 16, 16),
});

function addForgetting(state: ViewState, theme: Theme, add: Add): void {
  const { forgetting, interference } = state;
  const matrix = matrixOf(state);
  if (forgetting && matrix) {
    const shapes = forgettingMatrixShapes(matrix, { width: PANEL, theme });
    const picture = framed(PANEL, forgettingMatrixHeight(matrix.facts.length), shapes);
    add('forgetting-matrix', 'Forgetting matrix', describeMatrix(forgetting), picture);
  }
  const curves = curvesOf(state);
  if (forgetting && curves) {
    const { lines, ...scales } = curveLines(curves, theme);
    const shapes = lineShapes(lines, { ...scales, width: PANEL, height: CURVES, theme });
    add(
      'stability-gap',
      'Scores since their writing',
      describeCurves(forgetting),
      framed(PANEL, CURVES, shapes),
    );
  }
  if (!interference) return;
  const bars = interferenceOf(interference);
  const picture = framed(
    PANEL,
    interferenceHeight(bars.length),
    interferenceShapes(bars, { width: PANEL, theme }),
  );
  const words = bars.map((_, fact) => describeInterference(interference, fact)).join(' ');
  const { from, to } = interference;
  add('interference', `Interference of updates ${from + 1} to ${to}`, words, picture);
}

function addAbsorption(
  { host: { run }, pieces }: ViewState,
  theme: Theme,
  { absorptions }: Inside,
  nth: number,
  add: Add,
): void {
  if (!run) return;
  const { fact, report } = absorptions[nth];
  // One of several is told from the others.
  const several = absorptions.length > 1;
  const name = (of: string) => (several ? `${of}-${nth + 1}` : of);
  const title = (of: string) => (several ? `${of}: ${shortName(fact)}` : of);
  const cmsLevels = run.levels.filter(({ id }) => cmsIndex(id) >= 0).length;
  const shapes = contributionShapes({ ...report, cmsLevels }, { width: PANEL, theme });
  const words = report.levels.map(level => `${level.level}: ${describeLevel(level, report)}`).join(' ');
  add(
    name('contributions'),
    title('Contribution of each level’s change'),
    words,
    framed(PANEL, contributionsHeight(report.levels.length), shapes),
  );
  const over = report.handOver;
  if (!report.significant || over.updates.length < 2) return;
  const levels = report.levels.map(({ level }) => level);
  const tokens = over.updates.map(updates => positionAfter(run, pieces[0], updates));
  const drawn = handOverShapes({ levels, tokens, shapley: over.shapley, cmsLevels }, { width: PANEL, theme });
  add(
    name('hand-over'),
    title('Hand-over between levels'),
    describeHandOver(levels, tokens, over.shapley),
    framed(PANEL, handOverHeight(levels.length), drawn),
  );
}

function addSpectra({ host: { run } }: ViewState, theme: Theme, { spectra }: Inside, add: Add): void {
  if (!run) return;
  let drawn = 0;
  for (const { spectrum, update } of spectra) {
    const level = run.levels.findIndex(({ id }) => id === spectrum.level);
    const color = colorOf(run, level, theme);
    for (const matrix of strongest(spectrum.matrices)) {
      const data = { ...matrix, rankBound: update ? matrix.rankBound : undefined };
      const picture = framed(PANEL, SPECTRUM_HEIGHT, spectrumShapes(data, { width: PANEL, theme, color }));
      add(
        `spectrum-${++drawn}`,
        `Spectrum of what ${spectrum.level} changed in ${matrix.name}`,
        describeSpectrum(data),
        picture,
      );
    }
  }
}
