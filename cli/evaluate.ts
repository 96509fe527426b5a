import type { Command } from 'commander';
import { type ModelFlags, modelCommand, openModel } from './modelOptions.ts';
import { Output } from './output.ts';
import { significant } from './table.ts';
import { readText } from './textInput.ts';

const HELP = `
The text is read as one document; the memories take it in as they do in training, but on a copy, so that nothing
changes.

Examples:
  hopescope evaluate --text people.txt
  hopescope evaluate --text people.txt --state people.state --json`;

export function addEvaluate(program: Command): void {
  modelCommand(program, 'evaluate', 'mean next-token loss of a model on a text')
    .requiredOption('--text <file>', 'UTF-8 text; - reads standard input')
    .addHelpText('after', HELP)
    .action(runEvaluate);
}

async function runEvaluate(flags: ModelFlags & { readonly text: string }): Promise<void> {
  const output = new Output(flags.json);
  const { text } = await readText(flags.text);
  const { session, info, backend } = await openModel(flags, output);
  const { loss, tokens } = await session.evaluate(text, () => false);
  await output.result({ model: info.name, backend, loss, tokens }, [
    `mean loss ${significant(loss)} nats/token over ${tokens} tokens`,
  ]);
}
