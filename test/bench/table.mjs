import { cpus, totalmem } from 'node:os';

/** What a table of results was measured on. */
export function describeMachine() {
  const [{ model }] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${model.trim()}, ${cpus().length} cores, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

/** Rows as a Markdown table; a row without a baseline says so, one that failed says why. */
export function formatTable(rows) {
  return [
    '| what | measured | baseline | ratio | target | met |',
    '|---|---|---|---|---|---|',
    ...rows.map(row => `| ${cellsOf(row).map(oneLine).join(' | ')} |`),
  ].join('\n');
}

function cellsOf({ what, value, unit, baseline, ratio, target, met, failed }) {
  if (failed) return [what, `not measured: ${failed}`, '', '', '', ''];
  return [
    what,
    `${value} ${unit}`.trim(),
    baseline ? `${baseline.name}: ${baseline.value} ${unit}`.trim() : 'none',
    baseline ? `${ratio}×` : '',
    target ?? '',
    target ? (met ? 'yes' : 'no') : '',
  ];
}

/** A cell on one line, whatever an error's message holds. */
function oneLine(cell) {
  return cell.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
}
