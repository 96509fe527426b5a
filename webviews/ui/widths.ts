/** Watches the content width of elements in px. Measured once a resize, never while drawing. */
export function watchWidths(
  elements: readonly Element[],
  onChange: () => void,
): (element: Element) => number {
  const widths = new Map<Element, number>();
  const observer = new ResizeObserver(entries => {
    for (const { target, contentRect } of entries) widths.set(target, Math.floor(contentRect.width));
    onChange();
  });
  for (const element of elements) observer.observe(element);
  return element => widths.get(element) ?? 0;
}
