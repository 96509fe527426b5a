/** How a Hope language model is built: `config.json` of a model folder. Widths and periods in tokens. */
export interface HopeConfig {
  readonly model_type: 'hope';
  readonly format: 1;
  readonly name: string;
  readonly vocabulary: number;
  /** Width D of the residual stream, a multiple of `heads`. */
  readonly width: number;
  readonly blocks: number;
  /** Memories a block; each sees D / heads channels. */
  readonly heads: number;
  /** Taps of the local convolution in front of the memories; the last tap is the current token. */
  readonly convolution: number;
  readonly titans: {
    /** C_mem: tokens between two updates of M_memory. */
    readonly memory_period: number;
    /** C_other: tokens between two updates of M_k, M_v, M_η, M_α. */
    readonly projections_period: number;
    readonly eta_scale: number;
    /** Added before the softplus of η. */
    readonly eta_bias: number;
    /** η is clamped to at most this (HOPE stability, η < 2/3 for the full loss at α = 1). */
    readonly eta_ceiling: number;
    /** Added before the sigmoid of α. */
    readonly alpha_bias: number;
    /** L2-normalise q and k. */
    readonly qk_norm: boolean;
  };
  readonly cms: {
    /** Tokens between two updates of cms.0, cms.1, …, strictly growing. */
    readonly periods: readonly number[];
    /** Hidden width of a CMS block as a multiple of D. */
    readonly hidden_multiplier: number;
  };
  /** Online learning rates a level used when the settings name none. */
  readonly learning_rates: Readonly<Record<string, number>>;
}
