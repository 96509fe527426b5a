import { timingText } from '../../engine/protocol/index.ts';
import { escapeMarkdown, visibleText } from '../decorations/markdown.ts';
import type { BackendState, Snapshot } from '../state/store.ts';
import { grouped } from '../training/figures.ts';

const LONGEST_NAME = 40;

type Shown = Pick<Snapshot, 'phase' | 'model' | 'backend' | 'run' | 'failure' | 'stepping'>;

/** Text of the status bar item. No icon in it moves: a motion that does not end draws the eye from the text. */
export function statusText(snapshot: Shown): string {
  const { phase, model, backend, run, stepping } = snapshot;
  // A name comes from a file and must not become an icon.
  const name = model ? visibleText(model.name, LONGEST_NAME).replaceAll('$(', '\\$(') : 'Hopescope';
  if (phase === 'loading') return `$(loading) ${name}`;
  if (phase === 'failed') return `$(warning) ${name}`;
  if (phase === 'running' && run && stepping) return `$(debug-alt) ${name} stepping, ${progress(run)}`;
  if (phase === 'running' && run) return `$(pulse) ${name} ${progress(run)}`;
  return `$(circuit-board) ${[name, ...(model && backend ? [backend.name] : [])].join(' ')}`;
}

/** What the item says on hover, as Markdown. */
export function statusTooltip(snapshot: Shown): string {
  const { phase, model, backend, run, failure, stepping } = snapshot;
  const lines: string[] = [];
  if (failure) lines.push(`**${escapeMarkdown(failure.headline)}**`, escapeMarkdown(failure.detail));
  if (model) {
    const { name, blocks, width, heads, parameters } = model;
    lines.push(
      `**${escapeMarkdown(visibleText(name))}**  \n${count(parameters, 'parameter')}, ${count(blocks, 'block')}, width ${grouped(width)}, ${count(heads, 'head')}`,
      updatesText(snapshot),
    );
  } else if (!failure) {
    lines.push(phase === 'loading' ? 'The model is being loaded.' : 'No model is loaded.');
  }
  const doing = stepping ? 'Stepping through the training on' : 'Training on';
  if (phase === 'running' && run) lines.push(`${doing} ${escapeMarkdown(run.title)}: ${progress(run)}.`);
  lines.push(
    backend ? `Computed by the ${escapeMarkdown(backend.name)} backend.` : 'The engine is not running.',
  );
  if (backend) lines.push(...backendLines(backend));
  return lines.join('\n\n');
}

/** What is known of the other backends. */
function backendLines({ name, refused, timings }: BackendState): string[] {
  const list = (title: string, items: readonly string[]) =>
    [title, '', ...items.map(item => `- ${escapeMarkdown(item)}`)].join('\n');
  const lines: string[] = [];
  if (refused.length > 0) lines.push(list('Passed over when the engine was started:', refused));
  if (timings) lines.push(list('Measured on this model:', timings.map(timingText)));
  const fastest = timings?.find(timing => timing.refused === undefined);
  if (fastest && fastest.label !== name) {
    lines.push(
      `${escapeMarkdown(fastest.label)} is faster; with the setting auto it is used from the next start of the engine on.`,
    );
  }
  return lines;
}

/** The item in words, for a screen reader. */
export function statusSpeech(snapshot: Shown): string {
  const { phase, model, backend, run, failure, stepping } = snapshot;
  const name = model ? visibleText(model.name, LONGEST_NAME) : 'no model';
  const doing: Readonly<Partial<Record<Snapshot['phase'], string>>> = {
    loading: 'loading',
    running: run ? `${stepping ? 'stepping through a training' : 'training'}, ${progress(run)}` : 'training',
    failed: failure?.headline ?? 'failed',
  };
  return ['Hopescope', name, backend && `${backend.name} backend`, doing[phase]].filter(Boolean).join(', ');
}

function progress(run: NonNullable<Shown['run']>): string {
  const speed = run.progress.tokensPerSecond;
  return `update ${grouped(run.updates)}${speed > 0 ? ` · ${grouped(speed)} tok/s` : ''}`;
}

/** Updates since the base: those of a training that runs come to the model only at its end. */
function updatesText({ model, phase, run }: Shown): string {
  const updates = (model?.updates ?? 0) + (phase === 'running' && run ? run.updates : 0);
  if (updates === 0) return 'The memory is as in the base checkpoint.';
  return `${count(updates, 'update')} since the base checkpoint.`;
}

function count(value: number, noun: string): string {
  return `${grouped(value)} ${noun}${value === 1 ? '' : 's'}`;
}
