import { paintCanvas, paintSvg, type Shape } from './shapes.ts';
import type { Theme } from './theme.ts';

/** Below this many px a token one DOM element a mark costs more than it shows. */
export const CANVAS_BELOW = 3;

/** A canvas for many marks under an SVG for few marks, labels and the playhead. */
export interface Surface {
  draw(layers: Layers): void;
}

export interface Layers {
  readonly width: number;
  readonly height: number;
  readonly marks: readonly Shape[];
  /** Drawn above the marks, always as SVG. */
  readonly labels: readonly Shape[];
  /** Many marks: use the canvas, where there is one. */
  readonly dense: boolean;
  readonly theme: Theme;
}

/** Fills `container` with the two layers. Hidden from screen readers: the owner states the text alternative. */
export function chartSurface(container: HTMLElement): Surface {
  const document = container.ownerDocument;
  const canvas = document.createElement('canvas');
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const marksGroup = document.createElementNS(svg.namespaceURI, 'g') as SVGGElement;
  const labelGroup = document.createElementNS(svg.namespaceURI, 'g') as SVGGElement;
  svg.setAttribute('aria-hidden', 'true');
  canvas.setAttribute('aria-hidden', 'true');
  marksGroup.setAttribute('class', 'marks');
  labelGroup.setAttribute('class', 'labels');
  svg.append(marksGroup, labelGroup);
  container.append(canvas, svg);
  let context: CanvasRenderingContext2D | null | undefined;

  return {
    draw({ width, height, marks, labels, dense, theme }) {
      svg.setAttribute('width', String(width));
      svg.setAttribute('height', String(height));
      if (dense && context === undefined) context = canvas.getContext('2d') ?? null;
      const onCanvas = dense && !!context;
      canvas.hidden = !onCanvas;
      if (onCanvas && context) {
        fit(canvas, width, height);
        const ratio = canvas.width / Math.max(1, width);
        context.setTransform(ratio, 0, 0, ratio, 0, 0);
        context.clearRect(0, 0, width, height);
        paintCanvas(context, marks, theme);
      }
      paintSvg(marksGroup, onCanvas ? [] : marks, theme);
      paintSvg(labelGroup, labels, theme);
    },
  };
}

function fit(canvas: HTMLCanvasElement, width: number, height: number): void {
  const ratio = canvas.ownerDocument.defaultView?.devicePixelRatio ?? 1;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}
