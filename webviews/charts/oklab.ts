import { rgb } from 'd3';

type Oklab = readonly [lightness: number, a: number, b: number];

const toLinear = (c: number): number => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const toGamma = (c: number): number => (c <= 0.0031308 ? c * 12.92 : 1.055 * c ** (1 / 2.4) - 0.055);

/** Björn Ottosson's OKLab, https://bottosson.github.io/posts/oklab/. */
function toOklab(color: string): Oklab {
  const { r, g, b } = rgb(color);
  const [red, green, blue] = [r, g, b].map(c => toLinear(c / 255));
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: Oklab): string {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map(c => Math.round(255 * Math.min(1, Math.max(0, toGamma(c)))));
  return rgb(channels[0], channels[1], channels[2]).formatHex();
}

const known = new Map<string, Oklab>();

/** A ramp mixes the same two colours a hundred times. */
function oklabOf(color: string): Oklab {
  let found = known.get(color);
  if (!found) {
    if (known.size > 64) known.clear();
    found = toOklab(color);
    known.set(color, found);
  }
  return found;
}

/** The colour a share `weight` (0 to 1) of `color` gives over `other`, mixed in OKLab like CSS `color-mix`. */
export function mixOklab(color: string, other: string, weight: number): string {
  const from = oklabOf(other);
  const to = oklabOf(color);
  const at = (i: 0 | 1 | 2): number => from[i] + (to[i] - from[i]) * weight;
  return fromOklab([at(0), at(1), at(2)]);
}
