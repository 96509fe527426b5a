import { attributes, type Shape } from './shapes.ts';
import type { Theme } from './theme.ts';

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
}

/** A standalone SVG file, written without a document: resolved colours, a background, a title for screen readers. */
export function svgText({ width, height, shapes }: Picture, theme: Theme, title: string): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`;
  const background = `<rect width="${width}" height="${height}" fill="${escaped(theme.background)}"/>`;
  const body = shapes.map(shape => element(shape, theme)).join('');
  return `${head}<title>${escaped(title)}</title>${background}${body}</svg>\n`;
}

function element(shape: Shape, theme: Theme): string {
  const set = Object.entries(attributes(shape, theme)).flatMap(([name, value]) =>
    value === undefined ? [] : [` ${name}="${typeof value === 'number' ? round(value) : escaped(value)}"`],
  );
  const content = shape.kind === 'text' ? escaped(shape.text) : '';
  return `<${shape.kind}${set.join('')}>${content}</${shape.kind}>`;
}

const round = (n: number): number => Math.round(n * 100) / 100;

function escaped(text: string): string {
  const marks: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  // Control characters have no place in XML; token texts may hold them.
  return text
    .replace(/[&<>"]/g, mark => marks[mark])
    .replace(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
}
