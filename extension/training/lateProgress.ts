import * as vscode from 'vscode';

export type Progress = vscode.Progress<{ message?: string; increment?: number }>;

/** How long a training may take without a notification: one that comes and goes at once tells nobody anything. */
const LATE_MS = 500;

/**
 * Runs a task that a notification shows once it takes longer, with all that it has reported until then.
 * @param cancel called when the user cancels it there
 */
export async function withLateProgress<T>(
  title: string,
  task: (progress: Progress) => Promise<T>,
  cancel: () => void,
): Promise<T> {
  let message: string | undefined;
  let increment = 0;
  let shown: Progress | undefined;
  const running = task({
    report: value => {
      message = value.message ?? message;
      increment += value.increment ?? 0;
      shown?.report(value);
    },
  });
  const show = () =>
    vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        token.onCancellationRequested(cancel);
        progress.report({ message, increment });
        shown = progress;
        // How the task ended is for whoever began it.
        await running.catch(() => {});
      },
    );
  const timer = setTimeout(show, LATE_MS);
  try {
    return await running;
  } finally {
    clearTimeout(timer);
  }
}
