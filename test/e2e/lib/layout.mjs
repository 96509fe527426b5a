// Faults of a page that a reader would see: text cut off, on top of other text, too faint, or out of the window.

/**
 * One line a fault of a webview's page as it stands; nothing when it is in order. Text is every visible text node,
 * shadow roots included.
 */
export function layoutFaults(frame) {
  return frame.evaluate(() => {
    const faults = [];
    const root = document.scrollingElement;
    if (root.scrollWidth > root.clientWidth) {
      faults.push(`the page is ${root.scrollWidth} px wide in a view of ${root.clientWidth} px`);
    }

    const luminance = ([r, g, b]) => {
      const linear = [r, g, b].map(v =>
        v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4,
      );
      return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    };
    // A canvas turns every CSS colour, oklab and color-mix too, into bytes.
    const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
    const bytes = colors => {
      context.clearRect(0, 0, 1, 1);
      for (const color of colors) {
        context.fillStyle = color;
        context.fillRect(0, 0, 1, 1);
      }
      return [...context.getImageData(0, 0, 1, 1).data];
    };
    const parentOf = node => node.parentElement ?? node.getRootNode().host;
    const behind = element => {
      const layers = [];
      for (let at = element; at; at = parentOf(at)) {
        layers.unshift(getComputedStyle(at).backgroundColor);
        if (bytes([layers[0]])[3] === 255) return layers;
      }
      const side = getComputedStyle(document.documentElement).getPropertyValue('--vscode-sideBar-background');
      return [side, ...layers];
    };

    /** What an ellipsis hides lies on nothing. */
    const visiblePart = ({ left, right, top, bottom }, element) => {
      for (let at = element; at && at !== document.body; at = parentOf(at)) {
        if (getComputedStyle(at).overflowX === 'visible') continue;
        const edge = at.getBoundingClientRect();
        left = Math.max(left, edge.left);
        right = Math.min(right, edge.right);
      }
      return { left, right, top, bottom };
    };
    const texts = [];
    const collect = node => {
      if (node.nodeType === Node.TEXT_NODE && node.data.trim()) {
        const element = parentOf(node);
        const style = getComputedStyle(element);
        const range = document.createRange();
        range.selectNodeContents(node);
        const box = range.getBoundingClientRect();
        const shown = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
        const hidden = element.closest('.hidden-text');
        const spoken = hidden || style.clipPath !== 'none' || style.clip !== 'auto' || box.width <= 1;
        if (shown && !spoken && box.height > 0) {
          const lines = [...range.getClientRects()].map(line => visiblePart(line, element));
          texts.push({ text: node.data.trim(), element, style, box, lines });
        }
      }
      if (['STYLE', 'SCRIPT', 'OPTION'].includes(node.nodeName)) return;
      for (const child of node.shadowRoot?.childNodes ?? []) collect(child);
      for (const child of node.childNodes) collect(child);
    };
    collect(document.body);

    for (const { text, element, style, box } of texts) {
      for (let at = element; at && at !== document.body; at = parentOf(at)) {
        if (getComputedStyle(at).overflowX === 'visible') continue;
        const edge = at.getBoundingClientRect();
        if (box.right > edge.right + 1 && getComputedStyle(at).textOverflow !== 'ellipsis') {
          faults.push(`“${text}” is cut off: ${Math.round(box.right - edge.right)} px`);
        }
        break;
      }
      const color = element instanceof SVGElement ? style.fill : style.color;
      const layers = behind(element);
      const [front, back] = [luminance(bytes([...layers, color])), luminance(bytes(layers))];
      const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      if (contrast < 4.5) faults.push(`“${text}” has a contrast of ${contrast.toFixed(1)} to 1`);
    }
    const lap = (a, b) => [
      Math.min(a.right, b.right) - Math.max(a.left, b.left),
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
    ];
    texts.forEach((one, i) => {
      for (const other of texts.slice(i + 1)) {
        for (const line of one.lines) {
          // Boxes of text are taller than the letters in them.
          const hit = other.lines.map(box => lap(line, box)).find(([wide, high]) => wide > 1 && high > 4);
          if (hit) faults.push(`“${one.text}” lies on “${other.text}”: ${Math.round(hit[0])} px`);
        }
      }
    });
    return faults;
  });
}
