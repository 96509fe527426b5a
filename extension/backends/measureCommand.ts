import * as vscode from 'vscode';
import { timingText } from '../../engine/protocol/index.ts';
import type { CommandContext } from '../commands/commandContext.ts';

/** Times every backend on the loaded model and says which one is the fastest. */
export async function measureBackends({ engine, trainer, store }: CommandContext): Promise<void> {
  if (trainer.busy) return trainer.refuseSecond();
  await engine.forgiveBackends();
  const { timings } = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: 'Trying every backend on the model',
      cancellable: true,
    },
    async (_, token) => {
      await engine.model(token);
      return engine.measureBackends(true, token);
    },
  );
  const text = `${timings.map(timingText).join('; ')}.`;
  const fastest = timings.find(({ refused }) => refused === undefined);
  const setting = vscode.workspace.getConfiguration('hopescope.engine').get('backend');
  if (!fastest || fastest.label === store.snapshot.backend?.name || setting !== 'auto') {
    await vscode.window.showInformationMessage(text);
    return;
  }
  const restart = 'Restart Engine';
  const next = `${text} ${fastest.label} is used from the next start of the engine on.`;
  if ((await vscode.window.showInformationMessage(next, restart)) === restart) {
    await vscode.commands.executeCommand('hopescope.restartEngine');
  }
}
