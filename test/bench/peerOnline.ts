import { PeerProcess } from './peerProcess.ts';
import { millionsOf, onlinePace, openRandomModel, publicConfig, randomTokens } from './randomModel.ts';
import { compared, median } from './statistics.mjs';

const ROUNDS = 3;
const TOKENS = 64;
const TARGETS = [
  [[1, 4, 16, 64], 10],
  [[16, 64, 256, 1024], 30],
] as const;

/**
 * Online training with telemetry at the public re-implementation's size, forward pass, gradients and writes, against
 * PyTorch's update pass alone, token by token as that implementation has it, with the same periods. One core and one
 * thread, by processor time: its operations are too small for a second thread to help.
 */
export async function* rows(version: string) {
  for (const [periods, atLeast] of TARGETS) {
    const base = await openRandomModel(await publicConfig(periods));
    const peer = new PeerProcess('teach_pass.py', ['1', JSON.stringify(base.config)]);
    try {
      const ids = randomTokens(TOKENS, base.config.vocabulary);
      const [mine, theirs]: number[][] = [[], []];
      for (let round = 0; round <= ROUNDS; round++) {
        const ours = await onlinePace(base, ids);
        const { processor } = await peer.ask('passes', { tokens: TOKENS });
        if (round === 0) continue;
        mine.push(ours);
        theirs.push(TOKENS / processor);
      }
      const baseline = {
        name: `update pass token by token, PyTorch ${version}, one thread`,
        value: median(theirs),
        ratio: median(mine.map((pace, i) => pace / theirs[i])),
      };
      const what = `online training, ${millionsOf(base.config)} M parameters, CMS periods ${periods.join('/')}, one core`;
      yield compared(what, { value: median(mine), unit: 'tokens/s', digits: 1 }, baseline, { atLeast });
    } finally {
      peer.close();
      base.dispose();
    }
  }
}
