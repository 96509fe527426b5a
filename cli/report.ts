import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { reasonOf, writeAtomically } from '../engine/checkpoint/atomicFile.ts';
import { CheckpointError } from '../engine/checkpoint/checkpointError.ts';
import { BACKEND_PREFERENCES, type BackendPreference } from '../engine/protocol/backend.ts';
import { withRun } from '../engine/session/runReading.ts';
import { isRunReport, runReport } from '../report/runReport.ts';
import { reportPictures } from '../webviews/timeline/report.ts';
import { insideRun } from './insideRun.ts';
import { modelOfRun } from './modelOfRun.ts';
import { Output } from './output.ts';
import { REPORT_THEMES, type ReportTheme, reportTheme } from './reportTheme.ts';
import { wholeRun } from './wholeRun.ts';

const HELP = `
The pictures lie beside FILE as SVG and are called after it. An older report is replaced, no other file is. The text
that was trained on is not in it.

What was recorded needs no model. Contributions of levels to the probes, spectra and interference are computed with the
model that the run was made with: hope-mini is found, another is named with --model. Without it the report says so.

Examples:
  hopescope report people.hoperun
  hopescope report people.hoperun --model my-model
  hopescope report people.hoperun --out people.md --theme dark`;

interface ReportFlags {
  readonly out?: string;
  readonly model?: string;
  readonly backend?: BackendPreference;
  readonly theme: ReportTheme;
  readonly json: boolean;
}

export function addReport(program: Command): void {
  program
    .command('report <run>')
    .description('a recorded run (*.hoperun) as Markdown with pictures')
    .option('--out <file>', 'the report (default: report.md in a new folder report-RUN)')
    .option('--model <folder>', 'the model that the run was made with (default: hope-mini, if it is that)')
    .addOption(
      new Option('--backend <name>', 'default: the one that the run was made on').choices(
        BACKEND_PREFERENCES,
      ),
    )
    .addOption(
      new Option('--theme <name>', 'colours of the pictures').choices(REPORT_THEMES).default('light'),
    )
    .option('--json', 'one JSON object on standard output', false)
    .addHelpText('after', HELP)
    .action(writeReport);
}

async function writeReport(path: string, flags: ReportFlags): Promise<void> {
  const { out, theme, json } = flags;
  const output = new Output(json);
  const file = out ?? join(`report-${basename(path).replace(/\.hoperun$/, '')}`, 'report.md');
  // Before anything long begins.
  await checkTargets(file, []);
  const found = await modelOfRun(path, flags, output);
  const state = await withRun(path, reader =>
    wholeRun(reader, 'unavailable' in found ? found.unavailable : undefined),
  );
  const run = state.host.run!;
  const inside =
    'session' in found
      ? await insideRun(
          found.session,
          run,
          () => false,
          what => output.progress(what),
        )
      : undefined;
  const { interference } = inside ?? {};
  const drawn = reportPictures({ ...state, interference }, reportTheme(theme), inside);
  const fileOf = (name: string): string => `${basename(file).replace(/\.md$/, '')}-${name}.svg`;
  const pictures = drawn.map(picture => ({ ...picture, path: join(dirname(file), fileOf(picture.name)) }));
  if (out === undefined) await makeFolder(dirname(file));
  await checkTargets(
    file,
    pictures.map(picture => picture.path),
  );
  for (const picture of pictures) await writeAtomically(picture.path, [Buffer.from(picture.svg)]);
  await writeAtomically(file, [Buffer.from(runReport(run, drawn, fileOf))]);
  await output.result(
    { report: file, run, pictures: pictures.map(({ path, title, text }) => ({ path, title, text })) },
    [
      `report of ${run.updates} updates written to ${file}, with ${pictures.length} pictures beside it`,
      ...(run.unavailable ? [`without contributions, spectra and interference: ${run.unavailable}`] : []),
    ],
  );
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new CheckpointError(`cannot be made: ${reasonOf(error)}`, folder, 'Choose a file with --out.');
  }
}

/** Refuses to write over anything but a report; beside one lie its own pictures. */
async function checkTargets(file: string, pictures: readonly string[]): Promise<void> {
  const there = (path: string) => stat(path).catch(() => undefined);
  const found = await there(file);
  if (found?.isFile() && isRunReport(await readFile(file, 'utf8'))) return;
  for (const path of [file, ...pictures]) {
    if (!(await there(path))) continue;
    const remedy = 'Choose another file with --out, or delete it first.';
    throw new CheckpointError('exists, is no report of a run and is not overwritten', path, remedy);
  }
}
