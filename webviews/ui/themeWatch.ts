import { type Place, readTheme, type Theme } from '../charts/theme.ts';

/** Reads the theme now and again whenever VS Code changes it. */
export function watchTheme(onChange: () => void, place?: Place): () => Theme {
  let theme = readNow(place);
  const observer = new MutationObserver(() => {
    theme = readNow(place);
    onChange();
  });
  // VS Code sets the variables on <html> and the theme's kind on <body>.
  observer.observe(document.documentElement, { attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributeFilter: ['style', 'class'] });
  return () => theme;
}

function readNow(place?: Place): Theme {
  const style = getComputedStyle(document.body);
  const { classList } = document.body;
  const highContrast = ['vscode-high-contrast', 'vscode-high-contrast-light'].some(c =>
    classList.contains(c),
  );
  return readTheme(name => style.getPropertyValue(name), highContrast, place);
}
