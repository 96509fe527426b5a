/** A row of the Variables view. */
export interface VariableNode {
  readonly name: string;
  readonly value: string;
  /** What the value is, shown on hover. */
  readonly type?: string;
  /** Expression with this value, for Watch. */
  readonly expression?: string;
  /** What a data breakpoint on it watches. */
  readonly dataId?: string;
  readonly children?: () => Promise<readonly VariableNode[]> | readonly VariableNode[];
}

/** A section of the Variables view. */
export interface ScopeNode {
  readonly name: string;
  /** Not opened without being asked for: it takes a computation. */
  readonly expensive: boolean;
  readonly children: () => Promise<readonly VariableNode[]> | readonly VariableNode[];
}
