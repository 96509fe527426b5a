/** Optimizers in plain float64 loops; matrices are row-major, vectors one row. Slow and meant to be obvious. */
import type { LevelOptimizerConfig } from '../../engine/checkpoint/levelOptimizer.ts';
import { gelu, geluDerivative, type Matrix } from './referenceMath.ts';

type Rows = number[][];

/** Weights, the summed error and Σ x xᵀ of a chunk, and what the optimizer remembers, begun empty. */
export interface Step {
  readonly weights: Matrix;
  readonly error: Matrix;
  readonly shape: readonly number[];
  readonly rate: number;
  readonly memory: Record<string, Matrix>;
  readonly inputs?: readonly (readonly number[])[];
  /** What the level read, where it is a level. */
  readonly read?: readonly (readonly number[])[];
}

/** Changes weights and memory in place. */
export function referenceStep(config: LevelOptimizerConfig, step: Step): void {
  const change = changeOf(config, step);
  const changes = Array.from(step.weights, (_, i) => change(i));
  changes.forEach((by, i) => {
    step.weights[i] += by;
  });
}

/** What is added to weight i, once the memory has taken in the error. */
function changeOf(config: LevelOptimizerConfig, step: Step): (i: number) => number {
  const value = (name: string) => config[name] as number;
  const { weights, error, shape, rate, memory } = step;
  const size = weights.length;
  const columns = shape.at(-1)!;
  const isMatrix = shape.length > 1 && Math.min(...shape) > 1;
  const keep = (name: string, length = size) => (memory[name] ??= new Float64Array(length));
  switch (config.kind) {
    case 'sgd':
      return i => -rate * error[i];
    case 'momentum': {
      const m = keep('m');
      error.forEach((g, i) => {
        m[i] = value('beta') * m[i] - rate * g;
      });
      return i => m[i];
    }
    case 'adamw': {
      const [first, second, steps] = [keep('first'), keep('second'), keep('steps', 1)];
      steps[0]++;
      const [b1, b2] = [value('beta1'), value('beta2')];
      error.forEach((g, i) => {
        first[i] = b1 * first[i] + (1 - b1) * g;
        second[i] = b2 * second[i] + (1 - b2) * g * g;
      });
      const decay = shape.length > 1 ? rate * value('weight_decay') : 0;
      return i => {
        const mean = first[i] / (1 - b1 ** steps[0]);
        const variance = second[i] / (1 - b2 ** steps[0]);
        return -decay * weights[i] - (rate * mean) / (Math.sqrt(variance) + value('epsilon'));
      };
    }
    case 'delta-gradient-descent': {
      if (!step.inputs) return i => -rate * error[i];
      const squares = step.inputs.flat().reduce((sum, x) => sum + x * x, 0);
      const eta = rate / (1 + rate * squares);
      const rows = rowsOf(weights, columns);
      return i => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const erased = step.inputs!.reduce((sum, x) => sum + dot(rows[row], x) * x[column], 0);
        return -eta * (erased + error[i]);
      };
    }
    case 'delta-momentum': {
      const m = keep('m');
      const squares = error.reduce((sum, g) => sum + g * g, 0);
      const eta = rate / (1 + rate * squares);
      const [mRows, gRows] = [rowsOf(m, columns), rowsOf(error, columns)];
      error.forEach((g, i) => {
        const [row, column] = [Math.floor(i / columns), i % columns];
        const along = gRows.reduce((sum, other) => sum + dot(mRows[row], other) * other[column], 0);
        m[i] = value('beta') * m[i] - eta * along - rate * g;
      });
      return i => m[i];
    }
    case 'deep-momentum': {
      const [beta, c] = [value('beta'), value('memory_rate')];
      if (shape.length < 2) {
        const m = keep('m');
        error.forEach((g, i) => {
          m[i] = beta * m[i] - c * g;
        });
        return i => rate * m[i];
      }
      const [w1, w2] = [keep('w1', columns * columns), keep('w2', columns * columns)];
      const rows = rowsOf(error, columns);
      const keys = rows.map(row => row.map(x => x / Math.sqrt(dot(row, row) + 1e-12)));
      const pre = (key: number[]) => rowsOf(w2, columns).map((row, i) => key[i] + dot(row, key));
      const before = keys.map(pre);
      const backwards = rows.map((row, r) =>
        before[r].map(
          (p, i) => geluDerivative(p) * row.reduce((sum, g, o) => sum + g * w1[o * columns + i], 0),
        ),
      );
      const hidden = before.map(p => p.map(gelu));
      const learn = (w: Matrix, left: Rows, right: Rows) =>
        w.forEach((old, i) => {
          const [a, b] = [Math.floor(i / columns), i % columns];
          w[i] = beta * old - c * left.reduce((sum, l, r) => sum + l[a] * right[r][b], 0);
        });
      learn(w1, rows, hidden);
      learn(w2, backwards, keys);
      const answers = keys.map(key => {
        const active = pre(key).map(gelu);
        return rowsOf(w1, columns).map(row => dot(row, active));
      });
      return i => rate * answers[Math.floor(i / columns)][i % columns];
    }
    case 'projected-momentum': {
      const m = keep('m');
      const beta = value('beta');
      const read = step.read?.[0].length === columns ? step.read : undefined;
      const mean = Array.from({ length: columns }, (_, i) => (read ?? []).reduce((sum, y) => sum + y[i], 0));
      const squares = dot(mean, mean);
      const rows = rowsOf(error, columns);
      error.forEach((g, i) => {
        const along = read ? (dot(rows[Math.floor(i / columns)], mean) * mean[i % columns]) / squares : 0;
        m[i] = beta * m[i] + (1 - beta) * (g - along);
      });
      return i => -rate * m[i];
    }
    case 'muon': {
      const m = keep('momentum');
      const mu = value('momentum');
      error.forEach((g, i) => {
        m[i] = mu * m[i] + (1 - mu) * g;
      });
      const ahead = error.map((g, i) => mu * m[i] + (1 - mu) * g);
      if (!isMatrix) return i => -rate * ahead[i];
      let x = rowsOf(ahead, columns);
      const norm = Math.sqrt(x.flat().reduce((sum, v) => sum + v * v, 0)) + 1e-7;
      x = x.map(row => row.map(v => v / norm));
      for (let i = 0; i < 5; i++) {
        const gram = times(x, transposed(x));
        const powers = combined(-4.775, gram, 2.0315, times(gram, gram));
        x = combined(3.4445, x, 1, times(powers, x));
      }
      const flat = x.flat();
      const scale = 0.2 * Math.sqrt(Math.max(...shape));
      return i => -rate * value('weight_decay') * weights[i] - rate * scale * flat[i];
    }
    case 'm3': {
      const [m1, m2, v] = [keep('m1'), keep('m2'), keep('v')];
      const [window, count] = [keep('window'), keep('count', 1)];
      if (count[0] === value('slow_period')) {
        window.forEach((g, i) => {
          m2[i] += value('beta3') * g;
        });
        window.fill(0);
        count[0] = 0;
      }
      count[0]++;
      error.forEach((g, i) => {
        window[i] += g;
        m1[i] += value('beta1') * g;
        v[i] += value('beta2') * g * g;
      });
      const directions = [m1, m2].map(m =>
        isMatrix ? cubic(rowsOf(m, columns), value('steps')).flat() : [...m],
      );
      return i =>
        (-rate * (directions[0][i] + value('alpha') * directions[1][i])) /
        (Math.sqrt(v[i]) + value('epsilon'));
    }
    default:
      return config.kind satisfies never;
  }
}

/** X ← ½ X (3 I − Xᵀ X) from M / ‖M‖. */
function cubic(m: Rows, steps: number): Rows {
  const norm = Math.sqrt(m.flat().reduce((sum, v) => sum + v * v, 0)) + 1e-12;
  let x = m.map(row => row.map(v => v / norm));
  for (let i = 0; i < steps; i++) x = combined(1.5, x, -0.5, times(x, times(transposed(x), x)));
  return x;
}

function rowsOf(w: Matrix, columns: number): Rows {
  return Array.from({ length: w.length / columns }, (_, i) => [
    ...w.subarray(i * columns, (i + 1) * columns),
  ]);
}

function times(a: Rows, b: Rows): Rows {
  return a.map(row => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));
}

function transposed(a: Rows): Rows {
  return a[0].map((_, j) => a.map(row => row[j]));
}

function combined(p: number, a: Rows, q: number, b: Rows): Rows {
  return a.map((row, i) => row.map((x, j) => p * x + q * b[i][j]));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, x, i) => sum + x * b[i], 0);
}
