import { isFinite64, lower, sum2, upper } from './lanes';

/**
 * Of n pairs of float32 whose differences are all finite, in float64: out[0] += Σ a², out[1] += Σ b²,
 * out[2] += Σ (b − a)², out[3] the largest of what is there and of |b − a|. Where one is not finite, nothing is added
 * and the answer is false.
 */
export function addChange(a: usize, b: usize, n: i32, out: usize): bool {
  let before0 = f64x2.splat(0);
  let before1 = before0;
  let after0 = before0;
  let after1 = before0;
  let delta0 = before0;
  let delta1 = before0;
  let most0 = before0;
  let most1 = before0;
  for (; n >= 4; n -= 4, a += 16, b += 16) {
    const old = v128.load(a);
    const now = v128.load(b);
    const old0 = lower(old);
    const old1 = upper(old);
    const now0 = lower(now);
    const now1 = upper(now);
    const d0 = f64x2.sub(now0, old0);
    const d1 = f64x2.sub(now1, old1);
    before0 = f64x2.add(before0, f64x2.mul(old0, old0));
    before1 = f64x2.add(before1, f64x2.mul(old1, old1));
    after0 = f64x2.add(after0, f64x2.mul(now0, now0));
    after1 = f64x2.add(after1, f64x2.mul(now1, now1));
    delta0 = f64x2.add(delta0, f64x2.mul(d0, d0));
    delta1 = f64x2.add(delta1, f64x2.mul(d1, d1));
    most0 = f64x2.pmax(most0, f64x2.abs(d0));
    most1 = f64x2.pmax(most1, f64x2.abs(d1));
  }
  let before = sum2(f64x2.add(before0, before1));
  let after = sum2(f64x2.add(after0, after1));
  let delta = sum2(f64x2.add(delta0, delta1));
  const most = f64x2.pmax(most0, most1);
  let largest = max(f64x2.extract_lane(most, 0), f64x2.extract_lane(most, 1));
  for (; n > 0; n--, a += 4, b += 4) {
    const old = <f64>load<f32>(a);
    const now = <f64>load<f32>(b);
    const d = now - old;
    before += old * old;
    after += now * now;
    delta += d * d;
    largest = max(largest, abs(d));
  }
  if (!isFinite64(delta)) return false;
  store<f64>(out, load<f64>(out) + before);
  store<f64>(out, load<f64>(out, 8) + after, 8);
  store<f64>(out, load<f64>(out, 16) + delta, 16);
  store<f64>(out, max(load<f64>(out, 24), largest), 24);
  return true;
}
