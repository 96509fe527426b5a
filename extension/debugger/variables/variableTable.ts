import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ScopeNode, VariableNode } from './node.ts';

type Children = () => Promise<readonly VariableNode[]>;

/** Numbers that stand for rows with children, good until the training goes on. */
export class VariableTable {
  #children = new Map<number, Children>();
  #next = 1;

  clear(): void {
    this.#children.clear();
  }

  scope({ name, expensive, children }: ScopeNode): DebugProtocol.Scope {
    return { name, expensive, variablesReference: this.#reference(children) };
  }

  row(node: VariableNode): DebugProtocol.Variable {
    const { name, value, type, expression } = node;
    const variablesReference = node.children ? this.#reference(node.children) : 0;
    return { name, value, type, evaluateName: expression, variablesReference };
  }

  /** Rows below a reference; none where it is no longer good. */
  async rows(reference: number): Promise<DebugProtocol.Variable[]> {
    const nodes = (await this.#children.get(reference)?.()) ?? [];
    return nodes.map(node => this.row(node));
  }

  async find(reference: number, name: string): Promise<VariableNode | undefined> {
    const nodes = (await this.#children.get(reference)?.()) ?? [];
    return nodes.find(node => node.name === name);
  }

  #reference(children: NonNullable<VariableNode['children']>): number {
    const reference = this.#next++;
    let rows: Promise<readonly VariableNode[]> | undefined;
    this.#children.set(reference, () => {
      rows ??= Promise.resolve(children());
      return rows;
    });
    return reference;
  }
}
