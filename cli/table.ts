/** A column of a table: its title with the unit, and how a row fills it. */
export interface Column<Row> {
  readonly title: string;
  /** Text is aligned left, numbers right. */
  readonly text?: boolean;
  cell(row: Row): string;
}

/** Lines of a table, titles first, columns two spaces apart. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = columns.map(({ title, cell }) => [title, ...rows.map(cell)]);
  const padded = cells.map((column, i) => {
    const width = Math.max(...column.map(text => text.length));
    return column.map(text => (columns[i].text ? text.padEnd(width) : text.padStart(width)));
  });
  return padded[0].map((_, line) =>
    padded
      .map(column => column[line])
      .join('  ')
      .trimEnd(),
  );
}

/** Three significant digits, `–` for what is not a finite number. */
export function significant(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  return size >= 1000 && size < 1e6 ? value.toFixed(0) : value.toPrecision(3);
}

/** A share as a percentage with three significant digits, without the sign. */
export function percent(share: number): string {
  return significant(100 * share);
}

/** Seconds as `1 h 02 min`, `3 min 20 s` or `12 s`. */
export function duration(seconds: number): string {
  const s = Math.round(seconds);
  if (s >= 3600)
    return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`;
  return s >= 60 ? `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s` : `${s} s`;
}
