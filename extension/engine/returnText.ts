import type { DroppedBackend } from '../../engine/protocol/index.ts';
import { grouped } from '../training/figures.ts';
import type { EngineReturn } from './engineEvents.ts';

/** The backend that is given up, and the one in its place; why, unless the engine's end says it. */
function instead({ name, reason }: DroppedBackend, cause: string, backend: string): string {
  const given = { tensorflow: 'TensorFlow', webgpu: 'WebGPU', wasm: 'wasm', cpu: 'cpu' }[name];
  const why = reason.endsWith(`(${cause})`) ? '' : ` (${reason})`;
  return `${given} is not used any more${why}; ${backend} took its place.`;
}

/** One or two sentences on an engine's end and return. */
export function returnText({ cause, dropped, backend, restored, problem }: EngineReturn): string {
  const ended = `The Hopescope engine stopped (${cause}).`;
  const stopped = dropped && backend ? `${ended} ${instead(dropped, cause, backend)}` : ended;
  if (!restored) return `${stopped} It was not restarted again: ${problem}`;
  const recovered = `It was restarted; the memory is back at update ${grouped(restored.updates)}.`;
  if (restored.problem) {
    return restored.updates > 0
      ? `${stopped} ${recovered} ${restored.problem}`
      : `${stopped} It was restarted, but the memory could not be put back. ${restored.problem}`;
  }
  const { place } = restored;
  if (place) {
    return `${stopped} It was restarted; the memory is where it was, at update ${grouped(place.updates)} of its run.`;
  }
  if (!restored.model) return `${stopped} It was restarted.`;
  return restored.updates > 0
    ? `${stopped} ${recovered}`
    : `${stopped} It was restarted; the memory is as in the base checkpoint.`;
}
