import * as vscode from 'vscode';
import { ownLevels } from '../../engine/protocol/index.ts';
import { allowedModel, configureModel } from '../settings/modelSetting.ts';
import type { CommandContext } from './commandContext.ts';
import { mayForget, pickModelFolder } from './selectModel.ts';

const USUAL = '16, 64, 256';

/** Stacks memory levels on a Llama or GPT-2, as a new model folder, and loads it. */
export async function addLevels(c: CommandContext): Promise<void> {
  const { context, engine, trainer } = c;
  if (trainer.busy) return trainer.refuseSecond();
  const source = await pickModelFolder(c, {
    title: 'Add Memory Levels: the Pre-trained Model',
    placeHolder: 'A folder of Hugging Face with a Llama or GPT-2 and its tokenizer.json',
    bundled: false,
  });
  if (!source) return;
  allowedModel(context, source);
  const text = await vscode.window.showInputBox({
    title: 'Add Memory Levels: Periods',
    prompt:
      'Tokens between two updates of each level, fast to slow. The last is that of the pre-trained MLPs.',
    value: USUAL,
    ignoreFocusOut: true,
    validateInput: typed => {
      const periods = parsePeriods(typed);
      return typeof periods === 'string' ? periods : undefined;
    },
  });
  const periods = text === undefined ? undefined : parsePeriods(text);
  if (!Array.isArray(periods)) return;
  const target = await vscode.window.showSaveDialog({
    title: 'Add Memory Levels: the New Model Folder',
    defaultUri: vscode.Uri.file(`${source}-levels`),
  });
  if (!target) return;
  if (target.scheme !== 'file') {
    throw new Error('A model must lie in a folder on the machine where the extension runs.');
  }
  const made = allowedModel(context, target.fsPath);
  if (!(await mayForget(c))) return;
  const model = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: 'Adding memory levels', cancellable: true },
    async (_, token) => {
      await engine.addLevels({ source, target: made, periods }, token);
      return engine.load(made, token);
    },
  );
  await configureModel(context, made);
  const levels = ownLevels(model.levels).filter(({ period }) => period > 0);
  const names = levels.map(({ id, period }) => `${id} every ${period} tokens`).join(', ');
  await vscode.window.showInformationMessage(
    `${model.name} is loaded, with ${names}; the last is the pre-trained MLP.`,
  );
}

/** @returns what is wrong, in words, where it is no list of growing periods */
function parsePeriods(text: string): number[] | string {
  const periods = text.split(/[\s,]+/).filter(Boolean);
  if (!periods.every(period => /^\d{1,9}$/.test(period) && Number(period) > 0)) {
    return `Whole numbers of tokens separated by commas, such as ${USUAL}.`;
  }
  const numbers = periods.map(Number);
  if (numbers.length < 2) return 'At least two: of the new levels, and last of the pre-trained MLPs.';
  if (numbers.some((period, i) => i > 0 && period <= numbers[i - 1]))
    return 'Each larger than the one before.';
  return numbers;
}
