import '@vscode-elements/elements/dist/vscode-button/index.js';
import type { VscodeButton } from '@vscode-elements/elements/dist/vscode-button/index.js';

export interface ButtonOptions {
  readonly label: string;
  readonly onClick: () => void;
  readonly secondary?: boolean;
  /** Shown instead of the label, which then names the button for screen readers. */
  readonly symbol?: string;
}

/** A VS Code button. */
export function button({ label, onClick, secondary, symbol }: ButtonOptions): VscodeButton {
  const node = document.createElement('vscode-button');
  node.textContent = symbol ?? label;
  node.secondary = secondary ?? false;
  if (symbol) {
    node.setAttribute('aria-label', label);
    node.title = label;
  }
  node.addEventListener('click', onClick);
  return node;
}
