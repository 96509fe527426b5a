import { softplus } from './unary';

/** rates = min(ceiling, scale·softplus(rates + bias)), in place: η from what its memory answers. */
export function learningRates(rates: usize, n: i32, bias: f32, scale: f32, ceiling: f32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 4) store<f32>(rates + i, load<f32>(rates + i) + bias);
  softplus(rates, rates, n);
  for (let i: usize = 0; i < (<usize>n) << 2; i += 4) {
    store<f32>(rates + i, min(load<f32>(rates + i) * scale, ceiling));
  }
}

/** logs = −softplus(−(logs + bias)), in place: log α from what its memory answers. */
export function retentionLogs(logs: usize, n: i32, bias: f32): void {
  for (let i: usize = 0; i < (<usize>n) << 2; i += 4) store<f32>(logs + i, -(load<f32>(logs + i) + bias));
  softplus(logs, logs, n);
  for (let i: usize = 0; i < (<usize>n) << 2; i += 4) store<f32>(logs + i, -load<f32>(logs + i));
}
