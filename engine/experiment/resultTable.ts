import { cpus } from 'node:os';
import type { CellResult, Experiment } from './experiment.ts';
import type { Results } from './runExperiment.ts';

/** The table as Markdown: a row for what was trained, with the spread where there are several seeds. */
export function resultTable(experiment: Experiment, results: Results): string {
  const { title, about, rowTitles, columns, format } = experiment;
  const { settings, command, cells } = results;
  const planned = experiment.cells(settings);
  const done = planned.filter(({ id }) => cells[id]);
  const rows = [...Map.groupBy(planned, ({ row }) => row.join('\n')).values()].map(group => {
    const found = group.flatMap(({ id }) => cells[id] ?? []);
    const values = columns.map(column =>
      spread(
        found.map(({ values: of }) => of[column]),
        format,
      ),
    );
    return [...group[0].row, ...values, found.length ? String(found[0].parameters) : '–', minutes(found)];
  });
  const seconds = done.reduce((sum, { id }) => sum + cells[id].seconds, 0);
  const tokens = done.reduce((sum, { id }) => sum + cells[id].tokens, 0);
  const heads = [...rowTitles, ...columns, 'parameters', 'time'];
  const rule = heads.map((_, i) => (i < rowTitles.length ? '---' : '---:'));
  return [
    `# ${title}`,
    '',
    about,
    '',
    `| ${heads.join(' | ')} |`,
    `| ${rule.join(' | ')} |`,
    ...rows.map(row => `| ${row.join(' | ')} |`),
    '',
    `${done.length} of ${planned.length} trainings of ${settings.steps} steps, ${settings.seeds} ` +
      `${settings.seeds === 1 ? 'seed' : 'seeds'} each, ${tokens} tokens in ${(seconds / 60).toFixed(1)} minutes on ` +
      `${cpus()[0]?.model.trim() ?? 'an unknown processor'}. Made by \`${command}\`.`,
    '',
  ].join('\n');
}

/** Mean, and half the distance between the least and the most where there are several. */
function spread(values: readonly number[], format: (value: number) => string): string {
  if (values.length === 0) return '–';
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return format(mean);
  return `${format(mean)} ± ${format((Math.max(...values) - Math.min(...values)) / 2)}`;
}

function minutes(found: readonly CellResult[]): string {
  if (found.length === 0) return '–';
  return `${(found.reduce((sum, { seconds }) => sum + seconds, 0) / 60).toFixed(1)} min`;
}
