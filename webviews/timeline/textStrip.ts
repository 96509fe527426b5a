import { surpriseStep } from '../charts/scales.ts';
import { element, setText } from '../ui/dom.ts';
import { fixed, grouped } from '../ui/format.ts';
import { tokenAt } from './geometry.ts';
import { shownUpdate } from './readings.ts';
import { endOf, TOKEN_CHUNK, updateAt } from './runPieces.ts';
import { playheadPosition, type ViewState } from './state.ts';
import type { Draw, ViewActions } from './viewContext.ts';

const LINES = 4;
/** Width of a character of the editor's font, px, and how full lines are that break between words. */
const CHARACTER = 7.9;
const FILLED = 0.88;

/** The text about the playhead, each token on its surprise; what is not read yet is dim. */
export function textStrip(parent: HTMLElement, { dispatch }: ViewActions): Draw {
  const caption = element('span');
  const legend = element('span', 'legend');
  legend.append('surprise, −log p ', element('span', 'number', '0'));
  for (let step = 0; step < 8; step++) legend.append(element('i', `s${step}`));
  legend.append(element('span', 'number', '7+'), ' nats');
  legend.setAttribute('aria-hidden', 'true');
  const head = element('div', 'caption dim', caption, legend);
  const text = element('div', 'text');
  text.tabIndex = 0;
  text.setAttribute('role', 'group');
  parent.append(head, text);
  let spans: HTMLSpanElement[] = [];
  let first = 0;
  let shown: ViewState | undefined;
  let width = 0;

  text.addEventListener('click', event => {
    const at = spans.indexOf(event.target as HTMLSpanElement);
    const run = shown?.host.run;
    if (at < 0 || !run || !shown) return;
    // The same token in the pass that the playhead is in.
    const { pass } = tokenAt(run, Math.max(0, playheadPosition(shown) - 1));
    dispatch({ type: 'goTo', updates: updatesOf(shown, pass * run.tokens + first + at) });
  });

  return (state, { pageWidth }) => {
    const { run } = state.host;
    if (
      shown &&
      shown.pieces === state.pieces &&
      shown.updates === state.updates &&
      shown.host === state.host &&
      width === pageWidth
    )
      return;
    shown = state;
    width = pageWidth;
    if (!run || run.tokens === 0) return;
    const position = Math.max(0, playheadPosition(state) - 1);
    const { token, pass } = tokenAt(run, position);
    const columns = (text.clientWidth || 600) / CHARACTER;
    const count = Math.max(24, Math.floor((LINES * columns * FILLED) / meanLength(state, token)));
    // The height stays while it is paged through, and is as low as a text that fits whole.
    text.classList.toggle('whole', run.tokens <= count);
    const page = Math.floor(count * 0.6);
    const start = Math.floor(token / page) * page - Math.floor(count * 0.15);
    first = Math.max(0, Math.min(start, run.tokens - count));
    const texts = tokensFrom(state, first, Math.min(run.tokens, first + count));
    if (texts.length !== spans.length) {
      spans = texts.map(() => element('span'));
      text.replaceChildren(...spans);
    }
    const current = shownUpdate(state);
    texts.forEach((word, i) => {
      const at = pass * run.tokens + first + i;
      const span = spans[i];
      const nats = surpriseAt(state, at);
      setText(span, visible(word));
      const read = at <= position;
      const boxed = current && state.updates > 0 && at >= current.position && at < endOf(current);
      const name = `tok${read ? ` s${Number.isFinite(nats) ? surpriseStep(nats) : 0}` : ' unread'}${boxed ? ' current' : ''}`;
      if (span.className !== name) span.className = name;
      const title = read && Number.isFinite(nats) ? `token ${grouped(at)}, ${fixed(nats, 1)} nats` : '';
      if (span.title !== title) span.title = title;
    });
    const last = first + texts.length - 1;
    const passes = run.options.epochs;
    const where = passes > 1 ? `, pass ${pass + 1} of ${passes}` : '';
    setText(
      caption,
      texts.length ? `text, tokens ${grouped(first)} to ${grouped(last)}${where}` : 'text, being read…',
    );
    text.setAttribute('aria-label', `Text coloured by surprise, tokens ${first} to ${last}${where}`);
  };
}

function tokensFrom({ pieces }: ViewState, from: number, to: number): string[] {
  const found: string[] = [];
  for (let i = from; i < to; i++) {
    const word = pieces[0].tokens.get(Math.floor(i / TOKEN_CHUNK))?.[i % TOKEN_CHUNK];
    if (word === undefined) break;
    found.push(word);
  }
  return found;
}

/** Characters a token about a place of the text. */
function meanLength({ pieces }: ViewState, token: number): number {
  const texts = pieces[0].tokens.get(Math.floor(token / TOKEN_CHUNK)) ?? [];
  const characters = texts.reduce((sum, word) => sum + word.length, 0);
  return texts.length ? Math.max(1, characters / texts.length) : 5;
}

/** Tokens of nothing but breaks must be seen too. */
const visible = (word: string): string =>
  word.replaceAll('\r', '').replaceAll('\n', '↵').replaceAll('\t', '→');

function updatesOf(state: ViewState, position: number): number {
  const { run } = state.host;
  const around = run ? searchUpdate(state, position) : undefined;
  return around ?? state.updates;
}

/** The loaded update that reads a position, as a number of updates. */
function searchUpdate({ pieces, updates }: ViewState, position: number): number | undefined {
  for (let by = 0; by < 512; by++) {
    for (const at of [updates - 1 - by, updates - 1 + by]) {
      const update = updateAt(pieces[0], at);
      if (update && position >= update.position && position < endOf(update)) return at + 1;
    }
  }
  return undefined;
}

function surpriseAt(state: ViewState, position: number): number {
  const updates = searchUpdate(state, position);
  const update = updates === undefined ? undefined : updateAt(state.pieces[0], updates - 1);
  return update ? update.surprise[position - update.position] : Number.NaN;
}
