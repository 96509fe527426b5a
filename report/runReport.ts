import { ownLevels, type ReportPicture, type RunInfo } from '../engine/protocol/index.ts';
import { grouped, megabytes, probability } from './figures.ts';
import { changeText, stateWords } from './runWords.ts';

const CLOSING =
  'A level’s contribution is that of its change to a probe. It does not say where a fact is stored.';

/** Whether a text is a report of this kind, which a newer one may replace. */
export const isRunReport = (text: string): boolean => text.endsWith(`${CLOSING}\n`);

/**
 * A report of a run as Markdown. It holds none of the run's text.
 * @param fileOf the file of a picture by its name; it lies beside the report
 */
export function runReport(
  info: RunInfo,
  pictures: readonly ReportPicture[],
  fileOf: (name: string) => string = name => `${name}.svg`,
): string {
  const { options, parent } = info;
  const rates = Object.entries(options.learningRates).map(([level, rate]) => `${level} ${rate}`);
  const facts: (readonly [string, string])[] = [
    ['run', info.id],
    ['status', stateWords(info.status)],
    ['begun', info.createdAt],
    ['model', info.modelName],
    ['engine', `${info.engineVersion}, backend ${info.backend}`],
    ['blocks', grouped(info.blocks)],
    [
      'levels',
      ownLevels(info.levels)
        .map(({ id, period }) => `${id} every ${period} tokens`)
        .join(', '),
    ],
    ['passes', grouped(options.epochs)],
    ['learning rates', rates.length ? rates.join(', ') : 'of the model'],
    ['partial chunks', options.partialChunk],
    ['updates', grouped(info.updates)],
    ['tokens of the text', grouped(info.tokens)],
    ['file', megabytes(info.bytes)],
    ...(parent
      ? [
          [
            'branch',
            `of ${parent.runId} after update ${grouped(parent.updates)}: ${changeText(parent.change)}`,
          ] as const,
        ]
      : []),
  ];
  const parts = [
    `# ${literal(info.title)}`,
    table(
      ['', ''],
      facts.map(([name, value]) => [name, value]),
    ),
    ...probeTable(info),
    ...bookmarkTable(info),
    ...pictures.map(
      ({ name, title, text }) =>
        `## ${literal(title)}\n\n![${literal(title)}](${link(fileOf(name))})\n\n${literal(text)}`,
    ),
    ...leftOut(info, pictures),
    CLOSING,
  ];
  return `${parts.join('\n\n')}\n`;
}

function probeTable({ probes }: RunInfo): string[] {
  if (probes.length === 0) return [];
  const rows = probes.map(({ prompt, answer, scores }) => {
    const [first, last] = [scores[0], scores.at(-1)];
    const change = first && last ? (last.meanLogProbability - first.meanLogProbability).toFixed(2) : '–';
    return [
      `${prompt} → ${answer}`,
      first ? probability(first.probability) : '–',
      last ? probability(last.probability) : '–',
      change,
    ];
  });
  return ['## Probes', table(['probe', 'p first', 'p last', 'change, nats a token'], rows)];
}

/** Why what only the model can tell is not there. */
function leftOut({ unavailable }: RunInfo, pictures: readonly ReportPicture[]): string[] {
  const computed = pictures.some(({ name }) => /^(contributions|spectrum|interference)/.test(name));
  if (!unavailable || computed) return [];
  return [`Contributions of levels, spectra and interference are left out. ${literal(unavailable)}`];
}

function bookmarkTable({ bookmarks }: RunInfo): string[] {
  if (bookmarks.length === 0) return [];
  return [
    '## Bookmarks',
    table(
      ['update', 'note'],
      bookmarks.map(({ updates, note }) => [grouped(updates), note]),
    ),
  ];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => literal(cell).replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), `|${head.map(() => ':--').join('|')}|`, ...rows.map(line)].join('\n');
}

/** A file beside the report as the target of a link. */
const link = (file: string): string =>
  encodeURIComponent(file).replace(/[()*']/g, mark => `%${mark.charCodeAt(0).toString(16)}`);

/** Words that are no Markdown, readable also where the file is read as it is. */
const literal = (text: string): string => text.replace(/[\\`*_[\]<>|~#]/g, '\\$&');
