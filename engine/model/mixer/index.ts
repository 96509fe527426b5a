import type { HopeConfig } from '../../checkpoint/config.ts';
import { type SystemName, systemOf } from '../../checkpoint/systems.ts';
import { deltaNet } from './deltaNet.ts';
import { linearAttention } from './linearAttention.ts';
import { lstm } from './lstm.ts';
import type { Mixer } from './mixer.ts';
import { retention } from './retention.ts';
import { softmaxAttention } from './softmaxAttention.ts';

const MIXERS: Readonly<Record<Exclude<SystemName, 'hope' | 'titans'>, Mixer>> = {
  'hope-attention': softmaxAttention('normed'),
  transformer: softmaxAttention('rotary'),
  retnet: retention,
  deltanet: deltaNet,
  'linear-attention': linearAttention,
  lstm,
};

/** How blocks look back in a system without memories that are written while they read. */
export function mixerOf(config: Pick<HopeConfig, 'system'>): Mixer {
  const system = systemOf(config);
  if (system === 'hope' || system === 'titans') throw new Error(`${system} has memories in place of a mixer`);
  return MIXERS[system];
}
