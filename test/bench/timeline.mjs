import { execFileSync } from 'node:child_process';
import { row } from './statistics.mjs';

const TARGET_MS = 300;
const FRAME_MS = 1000 / 60;

/**
 * The real Timeline in Chromium, 1200 px wide, over a run of 100,000 updates of 6 levels in 4 blocks. Opening is the
 * page's part: from its script to the tracks drawn, with the engine's answers at hand.
 */
export async function measureTimeline() {
  const output = execFileSync(process.execPath, ['test/webview/timelinePreview.mjs', 'speed'], {
    encoding: 'utf8',
  });
  const [, opened] = /opened\s+mean [\d.]+, median ([\d.]+)/.exec(output);
  const scrubs = [
    ...output.matchAll(
      /scrub ([\w ]+),.*\n\s+drawing\s+mean ([\d.]+).*\n\s+interval mean ([\d.]+), median [\d.]+, 95 % ([\d.]+)/g,
    ),
  ];
  return [
    row(
      'Timeline of 100 000 updates × 6 levels: opened',
      Number(opened),
      'ms',
      0,
      `≤ ${TARGET_MS}`,
      Number(opened) <= TARGET_MS,
    ),
    ...scrubs.flatMap(([, name, drawing, mean, late]) => [
      row(
        `its playhead scrubbed, ${name}: frames`,
        1000 / Number(mean),
        'a second',
        0,
        '≥ 60',
        Number(mean) <= FRAME_MS * 1.02,
      ),
      row(
        `its drawing time a frame, ${name}, mean`,
        Number(drawing),
        'ms',
        1,
        '≤ 16.7',
        Number(drawing) <= FRAME_MS,
      ),
      row(`its time between frames, ${name}, 95th percentile`, Number(late), 'ms', 1),
    ]),
  ];
}
