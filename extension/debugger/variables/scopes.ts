import { memoryLabel, memoryOwner, type TensorInfo, writeProbeText } from '../../../engine/protocol/index.ts';
import { visibleText } from '../../decorations/markdown.ts';
import { probability } from '../../training/figures.ts';
import { levelDataId, tensorDataId } from '../breakpoints/dataBreakpoint.ts';
import { formatNumber } from '../expression/format.ts';
import { LEVEL_METRICS, type LevelMetric, NUMBERS, type NumberName } from '../expression/names.ts';
import { levelNumber, type Moment, overBlocks } from '../moment.ts';
import type { Stepper } from '../stepper.ts';
import type { ScopeNode, VariableNode } from './node.ts';

/** Metrics in the order in which a level shows them. */
const SHOWN: readonly LevelMetric[] = [
  ...(['fired', 'rho', 'drift', 'lss', 'eta', 'alpha', 'pending'] as const),
  ...(['deltaNorm', 'weightNorm', 'gradientNorm'] as const),
];
const GATED: readonly string[] = ['memory', 'projections'];

/** What the Variables view shows at a moment. @param inner the level that was stepped into, if one was */
export function scopesOf(stepper: Stepper, moment: Moment, inner?: string): ScopeNode[] {
  let tensors: Promise<readonly TensorInfo[]> | undefined;
  const model = new LevelNodes(stepper, moment, () => {
    tensors ??= Promise.resolve(stepper.describe());
    return tensors;
  });
  const scopes: ScopeNode[] = [
    { name: 'Last Update', expensive: false, children: () => updateNodes(stepper, moment) },
    {
      name: 'Levels',
      expensive: false,
      children: () => moment.levels.filter(level => !memoryOwner(level)).map(level => model.level(level)),
    },
    { name: 'Gates', expensive: false, children: () => gateNodes(stepper, moment) },
    { name: 'Probes', expensive: true, children: () => probeNodes(stepper) },
  ];
  if (!inner) return scopes;
  return [{ name: inner, expensive: false, children: () => model.insideLevel(inner) }, ...scopes];
}

function updateNodes(stepper: Stepper, moment: Moment): VariableNode[] {
  const names = Object.keys(NUMBERS) as NumberName[];
  const numbers = names.map(name => ({
    name,
    value: formatNumber(moment.number(name)),
    type: NUMBERS[name],
    expression: name,
  }));
  const { update } = moment;
  const tick = update && stepper.places.tickOf(update.index);
  if (!update || !tick) return numbers;
  const { complete, tokens } = stepper.places;
  const read = Array.from(update.surprise, (surprise, i): VariableNode => {
    const token = complete ? (tick.first + i) % tokens : tick.first + i;
    return {
      name: `${token} “${visibleText(stepper.places.textOf(token))}”`,
      value: `${formatNumber(surprise)} nats`,
      type: 'surprise of this token',
      expression: `token(${token})`,
    };
  });
  return [...numbers, { name: 'tokens', value: `${read.length} read`, children: () => read }];
}

function gateNodes(stepper: Stepper, moment: Moment): VariableNode[] {
  const { update } = moment;
  if (!update) return [];
  return moment.levels
    .filter(level => GATED.includes(level))
    .flatMap(level =>
      (['eta', 'alpha'] as const).map((metric): VariableNode => {
        const sign = metric === 'eta' ? 'η' : 'α';
        const blocks = Array.from({ length: moment.blocks }, (_, block) => ({
          name: `block ${block}`,
          value: formatNumber(levelNumber(stepper.run, update, metric, level, block)),
          expression: `${metric}("${level}", ${block})`,
        }));
        return {
          name: `${sign} ${level}`,
          value: formatNumber(overBlocks(stepper.run, update, metric, level)),
          type: `${LEVEL_METRICS[metric]}, mean over the tokens of the update`,
          expression: `${metric}("${level}")`,
          children: () => blocks,
        };
      }),
    );
}

async function probeNodes(stepper: Stepper): Promise<VariableNode[]> {
  const { probes } = stepper.run;
  if (probes.length === 0) return [{ name: '(none)', value: 'Add one with Hopescope: Probe…' }];
  const scores = await stepper.scoreProbes(probes);
  return probes.map((probe, i) => {
    const { probability: p, rank, meanLogProbability, tokens } = scores[i];
    const operands = `${JSON.stringify(probe.answer)} | ${JSON.stringify(probe.prompt)}`;
    return {
      name: writeProbeText(probe),
      value: `p ${probability(p)}, rank ${rank}`,
      expression: `p(${operands})`,
      children: () => [
        { name: 'p', value: formatNumber(p), expression: `p(${operands})` },
        { name: 'logp', value: formatNumber(meanLogProbability), expression: `logp(${operands})` },
        { name: 'rank', value: String(rank), expression: `rank(${operands})` },
        { name: 'tokens', value: String(tokens) },
      ],
    };
  });
}

/** Levels, their blocks and their tensors. */
class LevelNodes {
  readonly #stepper: Stepper;
  readonly #moment: Moment;
  readonly #tensors: () => Promise<readonly TensorInfo[]>;

  constructor(stepper: Stepper, moment: Moment, tensors: () => Promise<readonly TensorInfo[]>) {
    this.#stepper = stepper;
    this.#moment = moment;
    this.#tensors = tensors;
  }

  level(level: string): VariableNode {
    const of = (metric: LevelMetric) => this.#moment.level(metric, level, undefined);
    const { period } = this.#stepper.run.levels.find(({ id }) => id === level)!;
    const state =
      of('fired') > 0 ? `updated, ρ ${short(of('rho'))}` : `${formatNumber(of('pending'))} of ${period}`;
    return {
      name: level,
      value: this.#moment.update ? `${state}, drift ${short(of('drift'))}` : `every ${period} tokens`,
      type: `updated every ${period} tokens`,
      dataId: levelDataId(level),
      children: () => this.insideLevel(level),
    };
  }

  insideLevel(level: string): VariableNode[] {
    const blocks = Array.from(
      { length: this.#moment.blocks },
      (_, block): VariableNode => ({
        name: `block ${block}`,
        value: `drift ${short(this.#moment.level('drift', level, block))}`,
        dataId: levelDataId(level, block),
        children: async () => [...this.#metrics(level, block), ...(await this.#tensorNodes(level, block))],
      }),
    );
    return [...this.#metrics(level), ...this.#memories(level), ...blocks];
  }

  /** The memories of a level's optimizer, each a level of its own; none of plain gradient descent. */
  #memories(level: string): VariableNode[] {
    const memories = this.#moment.levels.filter(id => memoryOwner(id) === level);
    if (memories.length === 0) return [];
    const nodes = memories.map((id): VariableNode => {
      const of = (metric: LevelMetric) => this.#moment.level(metric, id, undefined);
      const blocks = Array.from({ length: this.#moment.blocks }, (_, block) => ({
        name: `block ${block}`,
        value: `‖m‖ ${short(this.#moment.level('weightNorm', id, block))}`,
        dataId: levelDataId(id, block),
        children: () => this.#metrics(id, block),
      }));
      const written = of('fired') > 0 ? `written, ρ ${short(of('rho'))}, surprise ${short(of('lss'))}, ` : '';
      return {
        name: memoryLabel(id),
        value: `${written}‖m‖ ${short(of('weightNorm'))}`,
        type: `memory of the optimizer of ${level}`,
        dataId: levelDataId(id),
        children: () => [...this.#metrics(id), ...blocks],
      };
    });
    return [{ name: 'optimizer', value: memories.map(memoryLabel).join(', '), children: () => nodes }];
  }

  #metrics(level: string, block?: number): VariableNode[] {
    const operands = block === undefined ? `"${level}"` : `"${level}", ${block}`;
    return SHOWN.map(metric => {
      const value = this.#moment.level(metric, level, block);
      return {
        name: metric,
        value: metric === 'fired' ? String(value > 0) : formatNumber(value),
        type: LEVEL_METRICS[metric],
        expression: `${metric}(${operands})`,
      };
    });
  }

  async #tensorNodes(level: string, block: number): Promise<VariableNode[]> {
    const tensors = await this.#tensors();
    return tensors
      .filter(tensor => tensor.level === level && tensor.block === block)
      .map(({ name, shape, dtype, norm, delta }) => ({
        name,
        value: `[${shape.join(', ')}] ${dtype}, ‖W‖ ${short(norm)}, ‖Δ‖ ${short(delta)}`,
        type: 'Δ is the change since the base checkpoint',
        dataId: tensorDataId(name),
        children: () => [
          { name: 'shape', value: `[${shape.join(', ')}]` },
          { name: 'dtype', value: dtype },
          { name: '‖W‖', value: formatNumber(norm) },
          { name: '‖Δ‖', value: formatNumber(delta) },
          { name: '‖Δ‖ / ‖W₀ + Δ‖', value: formatNumber(delta / norm) },
        ],
      }));
  }
}

function short(value: number): string {
  if (Number.isNaN(value)) return 'n/a';
  return value !== 0 && Math.abs(value) < 0.001
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}
