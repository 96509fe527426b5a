import { memoryOwner, type RunInfo, type RunOverview, type WhichRun } from '../../engine/protocol/index.ts';
import { originOf, tickOf, tokenAt, updatesAt } from './geometry.ts';
import { isGated } from './rows.ts';
import { CHUNK, lastFired, type RunPieces, TOKEN_CHUNK } from './runPieces.ts';
import { playheadPosition, runOf, type ViewState } from './state.ts';
import { visibleStretch } from './timeWindow.ts';

/** A piece that the page lacks. Equal pieces have equal keys. */
export type Want = { readonly key: string } & (
  | {
      readonly kind: 'chunk' | 'tokens';
      readonly run: WhichRun;
      readonly chunk: number;
      readonly count: number;
    }
  | {
      readonly kind: 'overview' | 'whole';
      readonly run: WhichRun;
      readonly from: number;
      readonly to: number;
      readonly columns: number;
    }
  | {
      readonly kind: 'spectrum';
      readonly from: number;
      readonly to: number;
      readonly level: string;
      readonly block: number;
    }
  | { readonly kind: 'parts'; readonly update: number; readonly level: string; readonly block: number }
  /** Of the run's so many scores. */
  | { readonly kind: 'forgetting'; readonly scores: number }
  | { readonly kind: 'interference'; readonly from: number; readonly to: number }
);

/** Up to so many updates in the window are read one by one, more as an overview. */
export const MOST_DETAIL = 1024;

/** Whether the window of a run is drawn from its updates. */
export function isDetailed(state: ViewState, run: RunInfo): boolean {
  return (state.window.to - state.window.from) / tickOf(run) <= MOST_DETAIL;
}

/** What to read next, most urgent first. */
export function wants(state: ViewState): Want[] {
  if (state.host.phase !== 'ready' || state.width <= 0) return [];
  const found: Want[] = [];
  for (const which of [0, 1] as const) {
    const of = runOf(state, which);
    if (!of || of.run.updates === 0) continue;
    const chunk = (number: number): void => addChunk(found, of.run, of.pieces, which, number);
    if (which === 0) {
      if (state.search) chunk(Math.floor(state.search.at / CHUNK));
      for (const number of playheadChunks(state, of.run, of.pieces)) chunk(number);
    }
    const all = { from: 0, to: Math.max(state.host.total, of.run.positions, 1) };
    addOverview(found, state, of.run, of.pieces, which, 'whole', all);
    if (isDetailed(state, of.run)) for (const number of windowChunks(state, of.run, of.pieces)) chunk(number);
    else addOverview(found, state, of.run, of.pieces, which, 'overview', state.window);
    if (which === 0) addTokens(found, state, of.run, of.pieces);
  }
  addForgetting(found, state);
  addInterference(found, state);
  addSpectrum(found, state);
  return found.filter(({ key }) => !state.problems.has(key));
}

function addChunk(found: Want[], run: RunInfo, pieces: RunPieces, which: WhichRun, chunk: number): void {
  const count = Math.min(CHUNK, run.updates - chunk * CHUNK);
  const there = pieces.chunks.get(chunk)?.length ?? 0;
  const key = `chunk ${which} ${chunk} ${count}`;
  if (chunk < 0 || count <= there || found.some(want => want.key === key)) return;
  found.push({ key, kind: 'chunk', run: which, chunk, count });
}

/** The playhead's chunk, its neighbour when it is near, and as far back as the slowest level needs. */
function playheadChunks({ updates }: ViewState, run: RunInfo, pieces: RunPieces): number[] {
  const index = Math.max(0, updates - 1);
  const chunk = Math.floor(index / CHUNK);
  const found = [chunk];
  if (index % CHUNK > CHUNK - 32) found.push(chunk + 1);
  const longest = Math.max(...run.levels.map(({ period }) => period)) / tickOf(run);
  const back = Math.min(4, Math.ceil(longest / CHUNK));
  const unknown = run.levels.some((_, level) => !lastFired(pieces, run, index, level));
  if (index % CHUNK < 32 || unknown) for (let i = 1; i <= back; i++) found.push(chunk - i);
  return found;
}

function windowChunks({ window }: ViewState, run: RunInfo, pieces: RunPieces): number[] {
  const first = Math.floor((updatesAt(run, pieces, Math.max(originOf(run), window.from)) - 1) / CHUNK);
  const last = Math.floor((updatesAt(run, pieces, window.to) - 1) / CHUNK);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function addOverview(
  found: Want[],
  { width }: ViewState,
  run: RunInfo,
  pieces: RunPieces,
  which: WhichRun,
  kind: 'overview' | 'whole',
  { from, to }: { from: number; to: number },
): void {
  // Nothing lies beyond what was read; a run that grows is read again.
  const end = Math.min(to, run.positions);
  if (end <= from) return;
  const columns = Math.max(
    1,
    Math.min(Math.round(((end - from) / (to - from)) * width), Math.ceil(end - from)),
  );
  const fits = (there: RunOverview | undefined): boolean =>
    !!there && there.from === from && there.to === end && there.columns === columns;
  if (fits(pieces[kind])) return;
  // A window over the whole run is drawn from the same columns.
  const same = (want: Want): boolean =>
    want.kind === 'whole' && want.run === which && want.from === from && want.to === end;
  if (kind === 'overview' && (fits(pieces.whole) || found.some(same))) return;
  found.push({ key: `${kind} ${which} ${from} ${end} ${columns}`, kind, run: which, from, to: end, columns });
}

/** Tokens about the playhead. */
function addTokens(found: Want[], state: ViewState, run: RunInfo, pieces: RunPieces): void {
  if (run.tokens <= 0) return;
  const { token } = tokenAt(run, Math.max(0, playheadPosition(state) - 1));
  const middle = Math.floor(token / TOKEN_CHUNK);
  for (const chunk of [middle, middle - 1, middle + 1]) {
    const count = Math.min(TOKEN_CHUNK, run.tokens - chunk * TOKEN_CHUNK);
    if (chunk < 0 || count <= (pieces.tokens.get(chunk)?.length ?? 0)) continue;
    found.push({ key: `tokens ${chunk} ${count}`, kind: 'tokens', run: 0, chunk, count });
  }
}

/** The states that a spectrum compares, and the level's last update before the playhead. */
export function spectrumOf(
  state: ViewState,
): { from: number; to: number; update: number | undefined } | undefined {
  const { run } = state.host;
  if (!run || state.updates === 0) return undefined;
  // Spectra are of weights, which a memory of an optimizer is none of.
  if (memoryOwner(run.levels[state.level]?.id ?? '')) return undefined;
  const last = lastFired(state.pieces[0], run, state.updates - 1, state.level);
  if (state.range === 'run') return { from: 0, to: state.updates, update: last?.index };
  if (state.range === 'window') {
    return { ...visibleStretch(state)!, update: last?.index };
  }
  return last && { from: last.index, to: last.index + 1, update: last.index };
}

function addForgetting(found: Want[], { host, forgetting }: ViewState): void {
  const { run } = host;
  if (!run || momentsOf(run).length < LEAST_MOMENTS) return;
  const scores = run.probes.reduce((sum, probe) => sum + probe.scores.length, 0);
  if (forgetting?.scores !== scores) found.push({ key: `forgetting ${scores}`, kind: 'forgetting', scores });
}

/** Before and after alone are no course: all that a run wrote is then still there. */
export const LEAST_MOMENTS = 3;

const moments = new WeakMap<RunInfo, readonly number[]>();

/** Updates after which any probe was scored, in order. */
export function momentsOf(run: RunInfo): readonly number[] {
  const known = moments.get(run);
  if (known) return known;
  const all = run.probes.flatMap(({ scores }) => scores.map(({ updates }) => updates));
  const found = [...new Set(all)].sort((a, b) => a - b);
  moments.set(run, found);
  return found;
}

function addInterference(found: Want[], { host, measuring, interference }: ViewState): void {
  const { run, live, seeking } = host;
  if (!run || !measuring || live || seeking || run.unavailable) return;
  const { from, to } = measuring;
  if (interference?.from === from && interference.to === to) return;
  found.push({ key: `interference ${from} ${to}`, kind: 'interference', from, to });
}

function addSpectrum(found: Want[], state: ViewState): void {
  const { run, live, seeking } = state.host;
  const level = run?.levels[state.level];
  const range = spectrumOf(state);
  // The engine recomputes for these, so nothing is asked while it trains or the playhead moves.
  if (!run || !level || !range || live || seeking || state.playing || run.unavailable) return;
  const { block, spectrum: s, parts: p } = state;
  const { from, to, update } = range;
  if (!s || s.from !== from || s.to !== to || s.level !== level.id || s.block !== block) {
    found.push({ key: spectrumKey(state), kind: 'spectrum', from, to, level: level.id, block });
  }
  if (update === undefined || !isGated(level)) return;
  if (!p || p.update !== update || p.level !== level.id || p.block !== block) {
    found.push({ key: partsKey(state), kind: 'parts', update, level: level.id, block });
  }
}

export function spectrumKey(state: ViewState): string {
  const range = spectrumOf(state);
  return `spectrum ${range?.from} ${range?.to} ${state.level} ${state.block}`;
}

export function partsKey(state: ViewState): string {
  return `parts ${spectrumOf(state)?.update} ${state.level} ${state.block}`;
}
