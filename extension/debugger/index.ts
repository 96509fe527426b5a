import * as vscode from 'vscode';
import { DEBUG_TYPE, HopeConfigurations } from './configurations.ts';
import { type DebugParts, DebugTrainings } from './debugTrainings.ts';

/** Makes VS Code's debugger the stepper of trainings. */
export function registerDebugger(parts: DebugParts): vscode.Disposable {
  const trainings = new DebugTrainings(parts);
  const factory: vscode.DebugAdapterDescriptorFactory = {
    async createDebugAdapterDescriptor(session) {
      // Loaded at the first need: activation must stay short.
      const { HopeDebugAdapter } = await import('./debugAdapter.ts');
      return new vscode.DebugAdapterInlineImplementation(
        new HopeDebugAdapter({ open: (launch, stopping) => trainings.open(launch, session, stopping) }),
      );
    },
  };
  return vscode.Disposable.from(
    vscode.debug.registerDebugAdapterDescriptorFactory(DEBUG_TYPE, factory),
    vscode.debug.registerDebugConfigurationProvider(DEBUG_TYPE, new HopeConfigurations()),
  );
}
