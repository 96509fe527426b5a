import * as vscode from 'vscode';
import type {
  LevelsState,
  ModelInfo,
  Probe,
  ProbeScore,
  TokenSpans,
  TrainProgress,
  Update,
} from '../../engine/protocol/index.ts';
import type { FactReport } from './factReport.ts';
import { type ProbeEntry, readProbes, sameProbe, writeProbes } from './probes.ts';
import type { RunHistory } from './runHistory.ts';

/** What the extension knows now. Replaced whole at every change; `run` is one object that grows. */
export interface Snapshot {
  readonly phase: LevelsState['phase'];
  readonly model?: ModelInfo;
  /** Set while an engine runs; `refused` says why faster backends were passed over. */
  readonly backend?: { readonly name: string; readonly refused: readonly string[] };
  readonly run?: RunHistory;
  readonly probes: readonly ProbeEntry[];
  readonly failure?: LevelsState['failure'];
  /** The newest answer to “which level learned this?”. */
  readonly report?: FactReport;
}

/** The one state of the extension host: commands write it, views read it. */
export class Store implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<Snapshot>();
  readonly #appended = new vscode.EventEmitter<{ run: RunHistory; updates: readonly Update[] }>();
  readonly #reported = new vscode.EventEmitter<FactReport>();
  readonly #memento: vscode.Memento;
  #pinned: readonly Probe[] = [];
  #snapshot: Snapshot;

  /** Fires after every change but new updates; progress of a training comes a few times a second. */
  readonly onDidChange = this.#changed.event;
  /** Fires when a run received updates, up to 30 times a second. */
  readonly onDidAppend = this.#appended.event;
  /** Fires when a fact's gain was divided among the levels. */
  readonly onDidReport = this.#reported.event;

  /** @param memento where the probes are kept. */
  constructor(memento: vscode.Memento) {
    this.#memento = memento;
    this.#snapshot = { phase: 'no-model', probes: readProbes(memento) };
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Replaces the named fields; a field given as undefined is removed. */
  update(change: Partial<Omit<Snapshot, 'probes' | 'report'>>): void {
    this.#set({ ...this.#snapshot, ...change });
  }

  /** Makes a new run the current one. */
  begin(run: RunHistory): void {
    this.#set({ ...this.#snapshot, phase: 'running', run, failure: undefined });
  }

  append(run: RunHistory, updates: readonly Update[]): void {
    const fresh = run.append(updates);
    if (fresh.length) this.#appended.fire({ run, updates: fresh });
  }

  addTokens(run: RunHistory, spans: TokenSpans): void {
    run.addTokens(spans);
  }

  progress(run: RunHistory, progress: TrainProgress): void {
    run.progress = progress;
    this.#set({ ...this.#snapshot });
  }

  report(report: FactReport): void {
    this.#set({ ...this.#snapshot, report });
    this.#reported.fire(report);
  }

  /** The probes of the workspace's file: those it holds no longer go, new ones come. */
  setPinned(pinned: readonly Probe[]): void {
    this.#pinned = pinned;
    const { probes } = this.#snapshot;
    const kept = probes.filter(entry => !entry.pinned || this.#isPinned(entry.probe));
    const fresh = pinned.filter(probe => !kept.some(entry => sameProbe(entry.probe, probe)));
    const changed = [...kept, ...fresh.map(probe => ({ probe }))];
    const same =
      changed.length === probes.length &&
      changed.every((entry, i) => entry === probes[i] && !!probes[i].pinned === this.#isPinned(entry.probe));
    if (!same) this.#setProbes(changed);
  }

  /** Adds a probe or, when it is there already, replaces its scores. */
  putProbe(entry: ProbeEntry): void {
    const { probes } = this.#snapshot;
    const at = probes.findIndex(({ probe }) => sameProbe(probe, entry.probe));
    this.#setProbes(at < 0 ? [...probes, entry] : probes.with(at, entry));
  }

  removeProbe(probe: Probe): void {
    this.#setProbes(this.#snapshot.probes.filter(entry => !sameProbe(entry.probe, probe)));
  }

  /** Puts another probe, not scored yet, in the place of one; a probe that is gone is added. */
  replaceProbe(old: Probe, probe: Probe): void {
    const { probes } = this.#snapshot;
    const at = probes.findIndex(entry => sameProbe(entry.probe, old));
    const replaced = at < 0 ? [...probes, { probe }] : probes.with(at, { probe });
    const place = at < 0 ? probes.length : at;
    this.#setProbes(replaced.filter((entry, i) => i === place || !sameProbe(entry.probe, probe)));
  }

  /** New scores of known probes; a probe that was removed meanwhile stays removed. */
  scoreProbes(scores: readonly { probe: Probe; before?: ProbeScore; score?: ProbeScore }[]): void {
    this.#setProbes(
      this.#snapshot.probes.map(entry => scores.find(({ probe }) => sameProbe(probe, entry.probe)) ?? entry),
    );
  }

  dispose(): void {
    this.#changed.dispose();
    this.#appended.dispose();
    this.#reported.dispose();
  }

  #isPinned(probe: Probe): boolean {
    return this.#pinned.some(pinned => sameProbe(pinned, probe));
  }

  #setProbes(changed: readonly ProbeEntry[]): void {
    const probes = changed.map(entry => {
      const pinned = this.#isPinned(entry.probe);
      return !!entry.pinned === pinned ? entry : { ...entry, pinned };
    });
    this.#set({ ...this.#snapshot, probes });
    void writeProbes(this.#memento, probes);
  }

  #set(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#changed.fire(snapshot);
  }
}
