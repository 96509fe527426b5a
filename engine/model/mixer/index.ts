import type { HopeConfig } from '../../checkpoint/config.ts';
import { hasDefect } from '../../checkpoint/kmConfig.ts';
import { type SystemName, systemOf } from '../../checkpoint/systems.ts';
import { positionsOf } from '../../checkpoint/transformerConfig.ts';
import { deltaNet } from './deltaNet.ts';
import { linearAttention } from './linearAttention.ts';
import { lstm } from './lstm.ts';
import type { Mixer } from './mixer.ts';
import { retention } from './retention.ts';
import { BASE } from './rotary.ts';
import { softmaxAttention } from './softmaxAttention.ts';

type WithMixer = Exclude<SystemName, 'hope' | 'hope-attention' | 'titans' | 'llama' | 'gpt-2'>;
const MIXERS: Readonly<Record<WithMixer, Mixer>> = {
  transformer: softmaxAttention({ rotaryBase: BASE }),
  retnet: retention,
  deltanet: deltaNet,
  'linear-attention': linearAttention,
  lstm,
};

/** How blocks look back in a system without memories that are written while they read. */
export function mixerOf(config: Pick<HopeConfig, 'system' | 'transformer' | 'scores' | 'km'>): Mixer {
  const system = systemOf(config);
  const { transformer } = config;
  if (system === 'llama') {
    const { rotary_base = BASE, rotary_scaling, key_heads, attention_bias } = transformer ?? {};
    return softmaxAttention({
      rotaryBase: rotary_base,
      rotaryScaling: rotary_scaling,
      keyHeads: key_heads,
      biased: attention_bias,
    });
  }
  if (system === 'hope-attention') {
    const { scores = 'sharpened' } = config;
    return softmaxAttention({ scores: hasDefect(config, 'unnormalised-keys') ? 'plain' : scores });
  }
  if (system === 'gpt-2') return softmaxAttention({ positions: positionsOf(transformer), biased: true });
  if (system === 'hope' || system === 'titans') throw new Error(`${system} has memories in place of a mixer`);
  return MIXERS[system];
}
