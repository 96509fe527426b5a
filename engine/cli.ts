import { Command, CommanderError } from 'commander';
import { InterruptedError } from './cli/interrupt.ts';
import { addPretrain } from './cli/pretrain.ts';

/** Commands of `hopescope`, the engine without an editor. */
const program = new Command('hopescope')
  .description('Train, probe and inspect Hope models without an editor.')
  .showHelpAfterError('(hopescope COMMAND --help explains the options)')
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride();
addPretrain(program);
for (const command of program.commands) command.exitOverride();

program.parseAsync().then(
  () => process.exit(0),
  error => {
    if (error instanceof InterruptedError) process.exit(130);
    if (error instanceof CommanderError) process.exit(error.exitCode);
    process.stderr.write(`hopescope: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
