import { tf } from '../tensor/tf.ts';

/** (I − P)⁻¹ = (I + P)(I + P²)(I + P⁴)… for a strictly lower triangular P [G, C, C], whose powers end at C. */
export function unipotentInverse(p: tf.Tensor3D, chunk: number): tf.Tensor3D {
  let power = p;
  let inverse = tf.add<tf.Tensor3D>(tf.eye(chunk), p);
  for (let reach = 2; reach < chunk; reach *= 2) {
    power = tf.matMul(power, power);
    inverse = tf.add(inverse, tf.matMul(inverse, power));
  }
  return inverse;
}
