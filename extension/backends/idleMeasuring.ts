import * as vscode from 'vscode';
import { EngineFailure, failureText } from '../engine/engineFailure.ts';
import type { EngineHost } from '../engine/engineHost.ts';
import type { Store } from '../state/store.ts';

/** Nothing changed for so long: whoever starts a training right after loading a model has begun by then. */
const IDLE_MS = 20_000;

/**
 * Measures the backends on a model that nothing is known of, when the engine has been idle for a while, so that no
 * training waits for it. What comes out counts from the next start of the engine on: a run ends on the backend that it
 * began on. Only for the setting `auto`: who chose a backend has no use for it.
 */
export function registerIdleMeasuring(
  store: Store,
  engine: EngineHost,
  log: vscode.LogOutputChannel,
): vscode.Disposable {
  let timer: NodeJS.Timeout | undefined;
  /** Models that could not be measured; a command can still ask for it. */
  const given = new Set<string>();
  const measure = async (model: string) => {
    try {
      await engine.measureBackends(false);
    } catch (error) {
      // A training came first: the next time that nothing goes on is as good.
      if (error instanceof EngineFailure && (error.code === 'busy' || error.code === 'stopped')) return;
      given.add(model);
      log.warn(`Measuring the backends: ${failureText(error)}`);
    }
  };
  const wait = () => {
    clearTimeout(timer);
    const { model, backend, phase } = store.snapshot;
    const busy = phase === 'loading' || phase === 'running';
    if (!model || !backend || backend.timings || busy || given.has(model.path) || !automatic()) return;
    timer = setTimeout(() => void measure(model.path), IDLE_MS);
    timer.unref();
  };
  const listener = store.onDidChange(wait);
  return new vscode.Disposable(() => {
    clearTimeout(timer);
    listener.dispose();
  });
}

function automatic(): boolean {
  return vscode.workspace.getConfiguration('hopescope.engine').get('backend') === 'auto';
}
