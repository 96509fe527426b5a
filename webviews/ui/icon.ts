const SVG = 'http://www.w3.org/2000/svg';

/** Outlines on a grid of 16, drawn with the text's colour. */
const PATHS = {
  running: 'M5 3 12.5 8 5 13z',
  idle: 'M8 3a5 5 0 1 0 0 10A5 5 0 1 0 8 3z',
  finished: 'M3 8.5 6.5 12 13 4.5',
  stopped: 'M4 4h8v8H4z',
  warning: 'M8 2.5 14.5 13.5h-13zM8 6.5v3.5M8 11.8v.2',
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon: what it means is always written beside it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
