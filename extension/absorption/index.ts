import * as vscode from 'vscode';
import type { Probe } from '../../engine/protocol/index.ts';
import { EngineFailure, failureText } from '../engine/engineFailure.ts';
import type { AbsorptionServices } from './absorptionServices.ts';
import { ReportDocuments } from './reportDocuments.ts';
import { type Given, whichLevel } from './whichLevel.ts';

/** “Which level learned this?” and its reports. */
export function registerAbsorption(services: Omit<AbsorptionServices, 'documents'>): vscode.Disposable {
  const documents = new ReportDocuments();
  const { store, timelines } = services;
  const register = (name: string, run: (argument?: unknown) => unknown) =>
    vscode.commands.registerCommand(`hopescope.${name}`, async (argument?: unknown) => {
      try {
        await run(argument);
      } catch (error) {
        if (error instanceof EngineFailure && error.code === 'cancelled') return;
        await vscode.window.showErrorMessage(failureText(error));
      }
    });
  return vscode.Disposable.from(
    documents,
    store.onDidReport(({ path, fact, report }) => timelines.showAbsorption(path, fact, report)),
    register('whichLevel', argument => whichLevel({ ...services, documents }, givenOf(argument))),
    register('showReport', async () => {
      const { report } = store.snapshot;
      if (report) return documents.show(report);
      return vscode.commands.executeCommand('hopescope.whichLevel');
    }),
  );
}

/** A row of the Probes view names the fact; another caller may name the run and the updates too. */
function givenOf(argument: unknown): Given {
  if (typeof argument !== 'object' || argument === null) return {};
  const { probe, fact, path, from, to } = argument as Given & { readonly probe?: unknown };
  return {
    fact: isProbe(probe) ? probe : isProbe(fact) ? fact : undefined,
    path: typeof path === 'string' ? path : undefined,
    from: Number.isSafeInteger(from) ? from : undefined,
    to: Number.isSafeInteger(to) ? to : undefined,
  };
}

function isProbe(value: unknown): value is Probe {
  const { prompt, answer } = (value ?? {}) as Partial<Probe>;
  return typeof prompt === 'string' && typeof answer === 'string';
}
