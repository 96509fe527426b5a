import { select } from 'd3';
import type { Theme } from './theme.ts';

/** What charts are made of: drawn alike as SVG, on a canvas and in exported files. Units: px. */
export type Shape = RectShape | LineShape | PolylineShape | CircleShape | TextShape;

interface RectShape {
  readonly kind: 'rect';
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly fill?: string;
  readonly stroke?: string;
  readonly radius?: number;
}
interface LineShape {
  readonly kind: 'line';
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly stroke: string;
  readonly width?: number;
  readonly dash?: readonly number[];
}
interface PolylineShape {
  readonly kind: 'polyline';
  /** x and y by turns. */
  readonly points: readonly number[];
  readonly stroke: string;
  readonly width?: number;
  readonly dash?: readonly number[];
  /** Fills the area between the line and its ends. */
  readonly fill?: string;
}
interface CircleShape {
  readonly kind: 'circle';
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly fill: string;
  readonly stroke?: string;
}
interface TextShape {
  readonly kind: 'text';
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly fill: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  /** px, 11 when left out. */
  readonly size?: number;
  readonly bold?: boolean;
  /** Drawn in the editor's font. */
  readonly number?: boolean;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Makes the children of `parent` show `shapes`, reusing elements of the same kind. */
export function paintSvg(parent: SVGElement, shapes: readonly Shape[], theme: Theme): void {
  select(parent)
    .selectAll<SVGElement, Shape>(':scope > *')
    .data(shapes, function (shape, i) {
      return `${shape?.kind ?? this.tagName}${i}`;
    })
    .join(enter => enter.append(shape => document.createElementNS(SVG, shape.kind)))
    .order()
    .each(function (shape) {
      for (const [name, value] of Object.entries(attributes(shape, theme))) setAttribute(this, name, value);
      if (shape.kind === 'text' && this.textContent !== shape.text) this.textContent = shape.text;
    });
}

type Attributes = Record<string, string | number | undefined>;

/** What an SVG element of a shape carries. */
export function attributes(shape: Shape, theme: Theme): Attributes {
  switch (shape.kind) {
    case 'rect': {
      const { x, y, width, height, fill, stroke, radius } = shape;
      return { x, y, width, height, fill: fill ?? 'none', stroke, rx: radius };
    }
    case 'line': {
      const { x1, y1, x2, y2, stroke, width, dash } = shape;
      return { x1, y1, x2, y2, stroke, 'stroke-width': width, 'stroke-dasharray': dash?.join(' ') };
    }
    case 'polyline': {
      const { points, stroke, width, dash, fill } = shape;
      const rounded = points.map(n => Math.round(n * 100) / 100).join(' ');
      return {
        points: rounded,
        stroke,
        'stroke-width': width,
        'stroke-dasharray': dash?.join(' '),
        fill: fill ?? 'none',
      };
    }
    case 'circle':
      return { cx: shape.x, cy: shape.y, r: shape.radius, fill: shape.fill, stroke: shape.stroke };
    case 'text': {
      const { x, y, fill, anchor, size, bold, number } = shape;
      return {
        x,
        y,
        fill,
        'text-anchor': anchor,
        'font-size': size ?? 11,
        'font-weight': bold ? 600 : undefined,
        'font-family': number ? theme.numberFont : theme.textFont,
      };
    }
  }
}

function setAttribute(element: Element, name: string, value: string | number | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else {
    const text = typeof value === 'number' ? String(Math.round(value * 100) / 100) : value;
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/** Draws `shapes` on a canvas whose transform already maps px to device pixels. */
export function paintCanvas(context: CanvasRenderingContext2D, shapes: readonly Shape[], theme: Theme): void {
  for (const shape of shapes) {
    switch (shape.kind) {
      case 'rect':
        paintRect(context, shape);
        break;
      case 'line':
        context.strokeStyle = shape.stroke;
        context.lineWidth = shape.width ?? 1;
        context.setLineDash(shape.dash ? [...shape.dash] : []);
        context.beginPath();
        context.moveTo(shape.x1, shape.y1);
        context.lineTo(shape.x2, shape.y2);
        context.stroke();
        break;
      case 'polyline':
        paintPolyline(context, shape);
        break;
      case 'circle':
        context.fillStyle = shape.fill;
        context.beginPath();
        context.arc(shape.x, shape.y, shape.radius, 0, 2 * Math.PI);
        context.fill();
        if (!shape.stroke) break;
        context.strokeStyle = shape.stroke;
        context.lineWidth = 1;
        context.setLineDash([]);
        context.stroke();
        break;
      case 'text': {
        const font = shape.number ? theme.numberFont : theme.textFont;
        context.font = `${shape.bold ? '600 ' : ''}${shape.size ?? 11}px ${font}`;
        context.textAlign = shape.anchor === 'middle' ? 'center' : (shape.anchor ?? 'start');
        context.fillStyle = shape.fill;
        context.fillText(shape.text, shape.x, shape.y);
      }
    }
  }
}

function paintPolyline(context: CanvasRenderingContext2D, shape: PolylineShape): void {
  const { points, stroke, width, dash, fill } = shape;
  context.beginPath();
  for (let i = 0; i + 1 < points.length; i += 2) {
    if (i === 0) context.moveTo(points[0], points[1]);
    else context.lineTo(points[i], points[i + 1]);
  }
  if (fill) {
    context.fillStyle = fill;
    context.fill();
  }
  context.strokeStyle = stroke;
  context.lineWidth = width ?? 1;
  context.setLineDash(dash ? [...dash] : []);
  context.stroke();
}

function paintRect(context: CanvasRenderingContext2D, shape: RectShape): void {
  const { x, y, width, height, fill, stroke, radius } = shape;
  if (fill && !radius && !stroke) {
    context.fillStyle = fill;
    context.fillRect(x, y, width, height);
    return;
  }
  context.beginPath();
  context.roundRect(x, y, width, height, radius ?? 0);
  if (fill) {
    context.fillStyle = fill;
    context.fill();
  }
  if (stroke) {
    context.strokeStyle = stroke;
    context.lineWidth = 1;
    context.setLineDash([]);
    context.stroke();
  }
}
