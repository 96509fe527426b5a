import { paintCanvas } from './shapes.ts';
import type { Picture } from './svgText.ts';
import type { Theme } from './theme.ts';

/** A picture as a PNG file, two device pixels a px. @throws Error where the browser gives no canvas. */
export async function pngBytes({ width, height, shapes }: Picture, theme: Theme): Promise<Uint8Array> {
  const canvas = document.createElement('canvas');
  canvas.width = width * 2;
  canvas.height = height * 2;
  const context = canvas.getContext('2d');
  if (!context) throw new Error('the browser gave no canvas for the PNG; export SVG instead');
  context.scale(2, 2);
  const background = { kind: 'rect', x: 0, y: 0, width, height, fill: theme.background } as const;
  paintCanvas(context, [background, ...shapes], theme);
  const blob = await new Promise<Blob | null>(resolve => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('the browser could not encode the PNG; export SVG instead');
  return new Uint8Array(await blob.arrayBuffer());
}
