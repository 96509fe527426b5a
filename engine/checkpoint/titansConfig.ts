import type { FieldReader } from './fieldReader.ts';
import type { SystemName } from './systems.ts';

/** What a memory can generate for a token. */
export const GENERATED = ['k', 'v', 'q', 'eta', 'alpha'] as const;
export type GeneratedName = (typeof GENERATED)[number];

/** What an inner loss ℓ(M; k, v̂) is: ‖M(k) − v̂‖², half of it, or −⟨M(k), v̂⟩. */
export const OBJECTIVES = ['l2', 'half-l2', 'dot-product'] as const;
export type Objective = (typeof OBJECTIVES)[number];

/** How the memories of a block are built and written (Eq. 76–93). Periods in tokens. */
export interface TitansConfig {
  /** C_mem: tokens between two updates of M_memory. */
  readonly memory_period: number;
  /** C_other: tokens between two updates of M_k, M_v, M_η, M_α. */
  readonly projections_period: number;
  readonly eta_scale: number;
  /** Added before the softplus of η. */
  readonly eta_bias: number;
  /** η is clamped to at most this; `stabilityMargin` says how far from divergence that stays. */
  readonly eta_ceiling: number;
  /** Largest norm of one token's inner gradient; a larger one is scaled down to it. */
  readonly gradient_ceiling: number;
  /** Added before the sigmoid of α. */
  readonly alpha_bias: number;
  /** L2-normalise q and k. */
  readonly qk_norm: boolean;
  /** 'l2' where absent. */
  readonly objective?: Objective;
  /** z + W1 σ(W2 z) (Eq. 89), or W z (Eq. 92, 93); 'mlp' where absent. */
  readonly memory?: 'mlp' | 'linear';
  /**
   * What memories generate, k, v, η and α where absent; the others are static projections, learned by the outer loop
   * alone. With none it is Titans (Eq. 76–78).
   */
  readonly adaptive?: readonly GeneratedName[];
  /**
   * What a memory is written with: v̂ = M(v) that it generates itself, under the key k (Eq. 84–88, where absent), or
   * v as it is, M_memory under k and every other memory under what it generated (Eq. 79–82).
   */
  readonly values?: 'self' | 'shared';
  /** Whether M_η and M_α read their input besides as it is, + W_s z; false where absent. */
  readonly gate_skip?: boolean;
  /** β of S_t = β S_{t−1} − η_t ∇ℓ, which is added to the memory in place of −η_t ∇ℓ; 0 where absent. */
  readonly momentum?: number;
  /** Whether a write first erases along its key, −η_t M k_t k_tᵀ (Eq. 57, 88); true where absent. */
  readonly erase?: boolean;
  /**
   * How many heads, the last ones, only sum up: they write η v̂ kᵀ of the dot product (Eq. 92) and do not erase, whatever
   * `objective` and `erase` say of the others. None where absent.
   */
  readonly summing_heads?: number;
  /** Whether memories decay by α; true where absent. */
  readonly retention?: boolean;
}

/** @param heads of the model @throws CheckpointError naming the first wrong field, the value found and what is allowed. */
export function parseTitans(
  fields: FieldReader,
  longestPeriod: number,
  heads: number,
  system: SystemName = 'hope',
): TitansConfig {
  const titans: TitansConfig = {
    memory_period: fields.integer('memory_period', 1, longestPeriod),
    projections_period: fields.integer('projections_period', 1, longestPeriod),
    eta_scale: fields.positive('eta_scale'),
    eta_bias: fields.number('eta_bias'),
    eta_ceiling: fields.positive('eta_ceiling', 1),
    gradient_ceiling: fields.positive('gradient_ceiling'),
    alpha_bias: fields.number('alpha_bias'),
    qk_norm: fields.boolean('qk_norm'),
    ...present({
      objective: fields.choice('objective', OBJECTIVES),
      memory: fields.choice('memory', ['mlp', 'linear'] as const),
      adaptive: fields.subset('adaptive', GENERATED),
      values: fields.choice('values', ['self', 'shared'] as const),
      gate_skip: fields.optional('gate_skip', name => fields.boolean(name)),
      momentum: fields.optional('momentum', name => fields.number(name, 0, 0.999)),
      erase: fields.optional('erase', name => fields.boolean(name)),
      summing_heads: fields.optional('summing_heads', name => fields.integer(name, 0, heads)),
      retention: fields.optional('retention', name => fields.boolean(name)),
    }),
  };
  if (system === 'titans') checkStatic(fields, titans);
  if (titans.gate_skip && (titans.memory === 'linear' || titans.values === 'shared')) {
    throw fields.faultOf('gate_skip', 'false of linear memories, and of gates with D answers');
  }
  if (titans.retention === false && adaptiveOf(titans).includes('alpha')) {
    throw fields.faultOf(
      'retention',
      'true while alpha is adaptive: list what is in titans.adaptive without it',
    );
  }
  return titans;
}

/** Titans does not modify itself (Eq. 76–78). */
function checkStatic(fields: FieldReader, { adaptive, values }: TitansConfig): void {
  if (adaptive?.length !== 0) throw fields.faultOf('adaptive', '[] in titans: its projections are static');
  if (values !== 'shared') throw fields.faultOf('values', '"shared" in titans: it is written with v');
}

/** Of systems without such memories. */
export const NO_TITANS: TitansConfig = {
  memory_period: 1,
  projections_period: 1,
  eta_scale: 1,
  eta_bias: 0,
  eta_ceiling: 1,
  gradient_ceiling: 1,
  alpha_bias: 0,
  qk_norm: true,
};

/** What the memories of a block generate. */
export function adaptiveOf({ adaptive }: TitansConfig): readonly GeneratedName[] {
  return adaptive ?? ['k', 'v', 'eta', 'alpha'];
}

/** Memories of a block in file order. */
export function memoryNames(titans: TitansConfig): readonly (GeneratedName | 'memory')[] {
  const adaptive = adaptiveOf(titans);
  const names = (['k', 'v', 'eta', 'alpha', 'q'] as const).filter(name => adaptive.includes(name));
  return [...names, 'memory'];
}

/** Fields that are there; a configuration without options stays as it was written. */
export function present<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
