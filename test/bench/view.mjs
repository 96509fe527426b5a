import { execFileSync } from 'node:child_process';
import { row } from './statistics.mjs';

/** The real Levels view in Chromium, 320 px wide, fed a run of 20 000 tokens. */
export async function measureView() {
  const output = execFileSync(process.execPath, ['test/webview/preview.mjs', 'speed'], { encoding: 'utf8' });
  const blocks = [
    ...output.matchAll(
      /window (\S+).*\n\s+drawing\s+mean ([\d.]+).*\n\s+interval mean ([\d.]+), median [\d.]+, 95 % ([\d.]+)/g,
    ),
  ];
  return blocks.flatMap(([, window, drawing, mean, late]) => [
    row(
      `live view, 20 000 tokens, window of ${window} tokens: frames`,
      1000 / Number(mean),
      'a second',
      0,
      '≥ 30',
      Number(mean) <= 33.4,
    ),
    row('its drawing time a frame, mean', Number(drawing), 'ms', 1),
    row('its time between frames, 95th percentile', Number(late), 'ms', 1),
  ]);
}
