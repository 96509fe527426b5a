import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunInfo } from '../../engine/protocol/index.ts';
import { RunWriter } from '../../engine/run/index.ts';
import { runReport } from '../../report/runReport.ts';
import { runCli, runJson } from '../support/cli.ts';
import { sampleHeader, sampleUpdate } from '../support/runSample.ts';
import { makeTinyModel, TINY_TEXT } from '../support/tinyModel.ts';

interface Reported {
  readonly report: string;
  readonly run: RunInfo;
  readonly pictures: readonly { readonly path: string; readonly title: string; readonly text: string }[];
}

/** More than a page reads one by one, so that an overview is read too. */
const UPDATES = 1100;
const FACTS = [
  { prompt: 'Mira was born in', answer: ' Lisbon' },
  { prompt: 'Tobin keeps', answer: ' bees' },
];

let folder: string;
let run: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hopescope-report-'));
  run = join(folder, 'people.hoperun');
  const writer = RunWriter.create(run, sampleHeader);
  for (let index = 0; index < UPDATES; index++) {
    writer.append(sampleUpdate(index));
    if (index % 100 !== 99) continue;
    FACTS.forEach((fact, i) => {
      const probability = i === 0 ? index / UPDATES : 0.25;
      const score = { probability, meanLogProbability: Math.log(probability), rank: 1, tokens: 1 };
      writer.appendProbe(fact, index + 1, score);
    });
  }
  writer.finish('finished');
  writer.close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('report writes what the editor writes, with every picture beside it', async () => {
  const file = join(folder, 'people.md');
  const { report, run: info, pictures } = await runJson<Reported>(['report', run, '--out', file]);
  expect(report).toBe(file);
  expect(info).toMatchObject({ id: 'run-1', updates: UPDATES, positions: 4 * UPDATES });
  expect(pictures.map(({ path }) => path)).toEqual(
    ['surprise', 'updates', 'gates-and-drift', 'forgetting', 'forgetting-matrix', 'stability-gap'].map(name =>
      join(folder, `people-${name}.svg`),
    ),
  );
  for (const { path, title, text } of pictures) {
    const svg = readFileSync(path, 'utf8');
    expect(svg, path).toContain(`<title>${title}. `);
    expect(svg, path).toMatch(/^<svg [^>]+>.+<\/svg>\n$/s);
    expect(svg, path).not.toMatch(/NaN|undefined|Infinity/);
    expect(text.length, path).toBeGreaterThan(20);
  }
  // A cell of each level's updates, its colour that of the light theme.
  expect(readFileSync(pictures[1].path, 'utf8').match(/<rect /g)!.length).toBeGreaterThan(1000);
  const named = pictures.map(picture => ({ ...picture, name: picture.path, svg: '' }));
  const fileOf = (path: string) => path.slice(folder.length + 1);
  expect(readFileSync(file, 'utf8')).toBe(runReport(info, named, fileOf));
});

test('report replaces an older report, in other colours too, and nothing else', async () => {
  const out = join(folder, 'again.md');
  const args = ['report', run, '--out', out];
  await runJson(args);
  const light = readFileSync(join(folder, 'again-updates.svg'), 'utf8');
  await runJson([...args, '--theme', 'high-contrast']);
  const dark = readFileSync(join(folder, 'again-updates.svg'), 'utf8');
  expect(light).toContain('fill="#FFFFFF"/>');
  expect(dark).toContain('fill="#000000"/>');

  const notes = join(folder, 'notes.md');
  writeFileSync(notes, '# Mine\n');
  const picture = join(folder, 'mine-updates.svg');
  writeFileSync(picture, 'mine');
  for (const [file, named] of [
    [notes, notes],
    [join(folder, 'mine.md'), picture],
    [folder, folder],
  ]) {
    const { code, stdout, stderr } = await runCli(['report', run, '--out', file]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `hopescope: ${named}: exists, is no report of a run and is not overwritten. Choose another file with --out, or delete it first.\n`,
    );
  }
  expect([readFileSync(notes, 'utf8'), readFileSync(picture, 'utf8')]).toEqual(['# Mine\n', 'mine']);
  expect(existsSync(join(folder, 'mine.md'))).toBe(false);
});

test('report without --out makes a folder, and refuses what is no run and a folder that is not there', async () => {
  const before = readdirSync(folder);
  const there = { prefix: ['sh', '-c', 'cd "$0" && exec "$@"', folder] };
  const { code, stdout } = await runCli(['report', run], there);
  expect([code, stdout]).toEqual([
    0,
    'report of 1100 updates written to report-people/report.md, with 6 pictures beside it\nwithout contributions, spectra and interference: They need the model “sample” that it was made with. Name its folder with --model.\n',
  ]);
  expect(readFileSync(join(folder, 'report-people', 'report.md'), 'utf8')).toMatch(
    /\n\nContributions of levels, spectra and interference are left out\. They need the model “sample” .+\n\n/,
  );
  expect(readdirSync(folder).filter(name => !before.includes(name))).toEqual(['report-people']);
  for (const [words, reason] of [
    [[join(folder, 'people.md')], /people\.md: this is not a run file .+\n$/],
    [
      [run, '--out', join(folder, 'nowhere', 'a.md')],
      /nowhere.+: cannot be written: it does not exist\. .+\n$/,
    ],
  ] as const) {
    const ended = await runCli(['report', ...words]);
    expect([ended.code, ended.stdout]).toEqual([1, '']);
    expect(ended.stderr).toMatch(reason);
    expect(ended.stderr.split('\n')).toHaveLength(2);
  }
});

test('report with the model of a run has contributions, spectra and interference, and refuses another model', async () => {
  const [model, other, text, path] = ['model', 'other', 'text.txt', 'tiny.hoperun'].map(name =>
    join(folder, name),
  );
  await makeTinyModel(model);
  await makeTinyModel(other, { seed: 2 });
  writeFileSync(text, TINY_TEXT);
  const probes = FACTS.flatMap(({ prompt, answer }) => ['--probe', `${prompt} =>${answer}`]);
  const train = ['train', '--model', model, '--backend', 'wasm', '--text', text, '--epochs', '2'];
  await runJson([...train, ...probes, '--run', path]);
  const out = join(folder, 'inside.md');
  const { run: info, pictures } = await runJson<Reported>(['report', path, '--model', model, '--out', out]);
  expect(info.unavailable).toBeUndefined();
  const titles = pictures.map(({ title }) => title);
  for (const level of info.levels) {
    expect(titles.filter(title => title.startsWith(`Spectrum of what ${level.id} `)).length).toBeGreaterThan(
      0,
    );
  }
  expect(titles.filter(title => title.startsWith('Contribution of each level’s change: '))).toHaveLength(2);
  expect(titles).toContain(`Interference of updates 1 to ${info.updates}`);
  for (const { path: picture } of pictures) {
    expect(readFileSync(picture, 'utf8'), picture).not.toMatch(/NaN|undefined|Infinity/);
  }
  expect(readFileSync(out, 'utf8')).not.toContain('are left out');

  const refused = await runCli(['report', path, '--model', other, '--out', join(folder, 'other.md')]);
  expect([refused.code, refused.stdout]).toEqual([1, '']);
  expect(refused.stderr).toMatch(
    /tiny\.hoperun: Its states need the model “tiny” .+ another one is loaded\./,
  );
  expect(existsSync(join(folder, 'other.md'))).toBe(false);
});
