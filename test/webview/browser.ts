import { vi } from 'vitest';
import { readTheme, type Theme } from '../../webviews/charts/theme.ts';
import { type ThemeName, themeVariables } from './themes.ts';

// A whole page in jsdom takes seconds where other suites share the processor; that is no failure.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** Content widths that the page's ResizeObserver reports, px. */
export interface Widths {
  panel: number;
  track: number;
}

/**
 * Adds what jsdom lacks: layout, form internals and canvases. A canvas gives no context, so charts draw SVG.
 * Returns what changes the widths.
 */
export function browser(widths: Widths): (widths: Widths) => void {
  const observers = new Set<() => void>();
  const current = { ...widths };
  class FakeResizeObserver {
    readonly #elements = new Set<Element>();
    readonly #report: () => void;
    constructor(callback: (entries: { target: Element; contentRect: { width: number } }[]) => void) {
      this.#report = () =>
        callback(
          [...this.#elements].map(target => {
            const width = target.tagName === 'MAIN' ? current.panel : current.track;
            return { target, contentRect: { width } };
          }),
        );
      observers.add(this.#report);
    }
    observe(element: Element): void {
      this.#elements.add(element);
      this.#report();
    }
    disconnect(): void {
      observers.delete(this.#report);
    }
  }
  vi.stubGlobal('ResizeObserver', FakeResizeObserver);
  Object.assign(ElementInternals.prototype, { setFormValue: () => undefined });
  vi.spyOn(HTMLCanvasElement.prototype, 'getContext').mockReturnValue(null);
  return changed => {
    Object.assign(current, changed);
    for (const report of observers) report();
  };
}

/** A theme as the view would read it. */
export function themeOf(name: ThemeName): Theme {
  const variables = themeVariables(name);
  return readTheme(variable => variables[variable] ?? '', name === 'hc');
}
