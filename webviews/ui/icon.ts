const SVG = 'http://www.w3.org/2000/svg';

/** Outlines on a grid of 16, drawn with the text's colour. */
const PATHS = {
  running: 'M5 3 12.5 8 5 13z',
  idle: 'M8 3a5 5 0 1 0 0 10A5 5 0 1 0 8 3z',
  finished: 'M3 8.5 6.5 12 13 4.5',
  stopped: 'M4 4h8v8H4z',
  pause: 'M5 3.5v9M11 3.5v9',
  back: 'M12 3.5 6 8l6 4.5zM4 3.5v9',
  step: 'M4 3.5 10 8l-6 4.5zM12 3.5v9',
  slow: 'M2 4l4.5 4L2 12zM7.5 4 12 8l-4.5 4zM14 3v10',
  change: 'M2 8h5M5 5.5 7.5 8 5 10.5M12 4l3 8H9z',
  branch:
    'M5 5.5a1.5 1.5 0 1 0-.01 0zM5 13.5a1.5 1.5 0 1 0-.01 0zM11.5 7a1.5 1.5 0 1 0-.01 0zM5 5.5v5M11.5 7c0 3-6.500 1-6.500 3.500',
  bookmark: 'M4.500 2.500h7v11L8 10.500 4.500 13.500z',
  restore: 'M3.500 8a4.500 4.500 0 1 0 1.500-3.400M5 2v3h3',
  target: 'M8 3.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 1 0 0-9zM8 7.500v1',
  save: 'M8 2.500v7.500M5 7.500 8 10.500l3-3M3 13.500h10',
  nested: 'M2.500 3.500h11M5.500 8h8M5.500 12.500h8',
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
