import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Command, Option } from 'commander';
import { reasonOf, writeAtomically } from '../engine/checkpoint/atomicFile.ts';
import { CheckpointError } from '../engine/checkpoint/checkpointError.ts';
import type { RunInfo } from '../engine/protocol/runInfo.ts';
import type { ReportPicture } from '../engine/protocol/timeline.ts';
import { withRun } from '../engine/session/runReading.ts';
import { isRunReport, runReport } from '../report/runReport.ts';
import { reportPictures } from '../webviews/timeline/report.ts';
import { Output } from './output.ts';
import { REPORT_THEMES, type ReportTheme, reportTheme } from './reportTheme.ts';
import { wholeRun } from './wholeRun.ts';

const HELP = `
Needs no model. The pictures lie beside FILE as SVG and are called after it. An older report is replaced, no other
file is. The text that was trained on is not in it.

Examples:
  hopescope report people.hoperun
  hopescope report people.hoperun --out people.md --theme dark`;

interface ReportFlags {
  readonly out?: string;
  readonly theme: ReportTheme;
  readonly json: boolean;
}

export function addReport(program: Command): void {
  program
    .command('report <run>')
    .description('a recorded run (*.hoperun) as Markdown with pictures')
    .option('--out <file>', 'the report (default: report.md in a new folder report-RUN)')
    .addOption(
      new Option('--theme <name>', 'colours of the pictures').choices(REPORT_THEMES).default('light'),
    )
    .option('--json', 'one JSON object on standard output', false)
    .addHelpText('after', HELP)
    .action(writeReport);
}

async function writeReport(path: string, { out, theme, json }: ReportFlags): Promise<void> {
  const output = new Output(json);
  const [run, drawn] = await withRun(path, async (reader): Promise<[RunInfo, ReportPicture[]]> => {
    const state = await wholeRun(reader);
    return [state.host.run!, reportPictures(state, reportTheme(theme))];
  });
  const file = out ?? join(`report-${basename(path).replace(/\.hoperun$/, '')}`, 'report.md');
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
    [`report of ${run.updates} updates written to ${file}, with ${pictures.length} pictures beside it`],
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
