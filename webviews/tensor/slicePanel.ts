import type { SliceChoice } from '../../engine/protocol/index.ts';
import { element } from '../ui/dom.ts';
import { grouped } from '../ui/format.ts';
import { selectedTensor } from './state.ts';
import type { Draw, ViewActions } from './viewContext.ts';

/** Which two axes of a tensor are the rows and columns, and where on the others; hidden below three axes. */
export function slicePanel(parent: HTMLElement, { dispatch }: ViewActions): Draw {
  const panel = element('div', 'slice');
  panel.setAttribute('role', 'group');
  panel.setAttribute('aria-label', 'Slice of the tensor');
  parent.append(panel);
  let drawn = '';

  return state => {
    const tensor = selectedTensor(state);
    const shape = tensor?.shape ?? [];
    panel.hidden = shape.length < 3;
    const choice = state.choice ?? state.view?.value?.choice;
    if (panel.hidden || !choice || choice.at.length !== shape.length) return;
    const key = JSON.stringify([tensor?.name, choice]);
    if (key === drawn) return;
    drawn = key;
    const focused = panel.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset.part
      : undefined;
    const set = (change: Partial<SliceChoice>) =>
      dispatch({ type: 'choice', choice: { ...choice, ...change } });
    panel.replaceChildren(
      axisPicker('rows', shape, choice.rowAxis, axis =>
        set({ rowAxis: axis, columnAxis: axis === choice.columnAxis ? choice.rowAxis : choice.columnAxis }),
      ),
      axisPicker('columns', shape, choice.columnAxis, axis =>
        set({ columnAxis: axis, rowAxis: axis === choice.rowAxis ? choice.columnAxis : choice.rowAxis }),
      ),
      ...shape.flatMap((length, axis) =>
        axis === choice.rowAxis || axis === choice.columnAxis
          ? []
          : [
              indexPicker(axis, length, choice.at[axis], index =>
                set({ at: choice.at.map((old, i) => (i === axis ? index : old)) }),
              ),
            ],
      ),
    );
    if (focused) panel.querySelector<HTMLElement>(`[data-part="${focused}"]`)?.focus();
  };
}

function axisPicker(
  label: string,
  shape: readonly number[],
  chosen: number,
  onChange: (axis: number) => void,
): HTMLElement {
  const select = element(
    'select',
    '',
    ...shape.map((length, axis) => element('option', '', `axis ${axis} (${grouped(length)})`)),
  );
  select.selectedIndex = chosen;
  select.dataset.part = label;
  select.addEventListener('change', () => onChange(select.selectedIndex));
  return element('label', '', `${label} `, select);
}

function indexPicker(
  axis: number,
  length: number,
  index: number,
  onChange: (index: number) => void,
): HTMLElement {
  const input = element('input');
  input.type = 'number';
  input.min = '0';
  input.max = String(Math.max(0, length - 1));
  input.value = String(index);
  input.dataset.part = `index ${axis}`;
  input.addEventListener('change', () => {
    const wanted = Math.round(Number(input.value));
    onChange(Math.max(0, Math.min(length - 1, Number.isFinite(wanted) ? wanted : 0)));
  });
  return element('label', '', `axis ${axis} at `, input, ` of ${grouped(length)}`);
}
