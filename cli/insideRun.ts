import type { MeasuredInterference } from '../engine/protocol/forgetting.ts';
import { METRIC_INDEX, METRICS } from '../engine/protocol/metric.ts';
import type { RunInfo, RunProbe } from '../engine/protocol/runInfo.ts';
import { absorbFact } from '../engine/session/absorption.ts';
import { readInterference } from '../engine/session/forgetting.ts';
import type { InspectedRun } from '../engine/session/inspectedRun.ts';
import type { Session } from '../engine/session/session.ts';
import { readSpectrum } from '../engine/session/spectra.ts';
import type { Inside } from '../webviews/timeline/report.ts';

/** What an absorption costs, as in the editor: random deltas a level, and points of the path integral. */
const COST = { controls: 24, seed: 1, pathPoints: 12 } as const;

/** Facts whose gain is shared out among the levels: those of the largest change. */
const MOST_FACTS = 8;

/** What a whole run changed, as only its model can tell. */
export interface InsideRun extends Inside {
  /** Absent where the run has no probe. */
  readonly interference?: MeasuredInterference;
}

/** @param progress told what is computed, a clause */
export async function insideRun(
  session: Session,
  run: RunInfo,
  cancelled: () => boolean,
  progress: (what: string) => void,
): Promise<InsideRun> {
  if (run.updates === 0) return { absorptions: [], spectra: [] };
  const inspect = <T>(body: (inspected: InspectedRun) => Promise<T>) =>
    session.inspect(run.path, cancelled, body);
  const { path, updates: to } = run;
  const spectra: Inside['spectra'][number][] = [];
  for (const { level, block } of await inspect(furthest)) {
    progress(`spectra of ${level}`);
    const spectrum = await inspect(inspected => readSpectrum(inspected, { path, from: 0, to, level, block }));
    spectra.push({ spectrum, update: false });
  }
  const probes = run.probes.map(({ prompt, answer }) => ({ prompt, answer }));
  if (probes.length === 0) return { absorptions: [], spectra };
  const absorptions: Inside['absorptions'][number][] = [];
  for (const nth of mostChanged(run.probes)) {
    const fact = probes[nth];
    const others = { paraphrases: [], neighbours: probes.filter(probe => probe !== fact) };
    const request = { token: '', path, from: 0, to, fact, ...others, ...COST };
    const what = `contributions to probe ${nth + 1}`;
    const report = await inspect(inspected =>
      absorbFact(inspected, request, (done, total) => progress(`${what}, ${done} of ${total}`)),
    );
    absorptions.push({ fact, report });
  }
  progress('interference');
  const report = await inspect(inspected => readInterference(inspected, { path, from: 0, to, probes }));
  return { absorptions, spectra, interference: { from: 0, to, probes, report } };
}

/** Of every level that changed, the block that drifted furthest by the end. */
async function furthest({ reader, levelIds }: InspectedRun): Promise<{ level: string; block: number }[]> {
  const { metrics } = reader.update(reader.updatesCount - 1);
  const drift = (block: number, level: number) =>
    metrics[(block * reader.header.levels.length + level) * METRICS.length + METRIC_INDEX.drift];
  const blocks = Array.from({ length: reader.header.blocks }, (_, block) => block);
  return levelIds.flatMap((id, level) => {
    const block = blocks.reduce((best, each) => (drift(each, level) > drift(best, level) ? each : best), 0);
    return drift(block, level) > 0 ? [{ level: id, block }] : [];
  });
}

/** Places of the probes that were scored at two moments or more, those whose score changed most first. */
function mostChanged(probes: readonly RunProbe[]): number[] {
  const change = ({ scores }: RunProbe) =>
    Math.abs(scores.at(-1)!.meanLogProbability - scores[0].meanLogProbability);
  return probes
    .map((probe, nth) => ({ nth, probe }))
    .filter(({ probe }) => probe.scores.length > 1)
    .sort((a, b) => change(b.probe) - change(a.probe))
    .slice(0, MOST_FACTS)
    .map(({ nth }) => nth);
}
