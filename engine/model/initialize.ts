import type { HopeConfig } from '../checkpoint/config.ts';
import type { Random } from '../tensor/random.ts';
import { type ParameterSpec, parameterSpecs } from './parameters.ts';

/** Fresh parameters of a model by name, drawn in file order. */
export function initialParameters(config: HopeConfig, random: Random): Map<string, Float32Array> {
  return new Map(parameterSpecs(config).map(spec => [spec.name, initialValues(spec, random)]));
}

function initialValues({ shape, initial }: ParameterSpec, random: Random): Float32Array {
  const size = shape.reduce((product, extent) => product * extent, 1);
  switch (initial.kind) {
    case 'zeros':
      return new Float32Array(size);
    case 'constant':
      return new Float32Array(size).fill(initial.value);
    case 'normal':
      return Float32Array.from({ length: size }, () => initial.scale * random.normal());
    case 'lastTap': {
      const taps = shape[shape.length - 1];
      return Float32Array.from({ length: size }, (_, i) =>
        i % taps === taps - 1 ? 1 : 0.2 * random.normal(),
      );
    }
    default:
      return initial satisfies never;
  }
}
