/** Why a training stops. */
export interface Hit {
  /** As the debug protocol names it. */
  readonly reason: 'breakpoint' | 'function breakpoint' | 'data breakpoint' | 'exception';
  /** What happened, for the user. */
  readonly text: string;
  readonly id?: number;
}
