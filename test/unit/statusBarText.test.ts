import { describe, expect, it } from 'vitest';
import type { BackendTiming, ModelInfo } from '../../engine/protocol/index.ts';
import { RunHistory } from '../../extension/state/runHistory.ts';
import { statusSpeech, statusText, statusTooltip } from '../../extension/statusBar/statusText.ts';

const model: ModelInfo = {
  ...{
    name: 'hope-mini',
    path: '/m',
    blocks: 4,
    width: 128,
    heads: 4,
    vocabulary: 2048,
    parameters: 2400000,
  },
  ...{ levels: [], tick: 4, updates: 1200 },
};
const backend = { name: 'wasm', refused: ['webgpu: no adapter | [x](command:a)'] };

function run(): RunHistory {
  const text = { documentUri: 'file:///a', documentVersion: 1, segments: [] };
  const history = new RunHistory({ id: 'r', title: 'a.txt, line 1', text, blocks: 1, levels: [] });
  history.append(
    [0, 1, 2].map(index => ({
      ...{ index, position: index, loss: 1 },
      ...{ surprise: Float32Array.of(1), metrics: new Float32Array(0) },
    })),
  );
  history.progress = { position: 3, total: 9, tokensPerSecond: 86.2 };
  return history;
}

/** Markdown with its entities read. */
const read = (markdown: string) =>
  markdown.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));

describe('status bar', () => {
  it('names model and backend', () => {
    expect(statusText({ phase: 'idle', model, backend })).toBe('$(circuit-board) hope-mini wasm');
    expect(statusText({ phase: 'no-model' })).toBe('$(circuit-board) Hopescope');
    expect(statusText({ phase: 'loading' })).toBe('$(loading) Hopescope');
    expect(statusText({ phase: 'failed', model })).toBe('$(warning) hope-mini');
  });

  it('shows how far a training is', () => {
    const running = { phase: 'running', model, backend, run: run() } as const;
    expect(statusText(running)).toBe('$(pulse) hope-mini update 3 · 86 tok/s');
    expect(read(statusTooltip(running))).toContain('1\u2009203 updates since the base checkpoint.');
    expect(read(statusTooltip({ ...running, phase: 'finished' }))).toContain('1\u2009200 updates since');
    expect(statusSpeech(running)).toBe('Hopescope, hope-mini, wasm backend, training, update 3 · 86 tok/s');
  });

  it('says why backends were passed over, and what each was measured at', () => {
    const tooltip = statusTooltip({ phase: 'idle', model, backend });
    expect(read(tooltip)).toContain('Passed over when the engine was started:\n\n- webgpu: no adapter');
    expect(read(tooltip)).not.toContain('Measured');
    const timings: BackendTiming[] = [
      { name: 'tensorflow', label: 'CUDA', milliseconds: 0.634 },
      { name: 'wasm', label: 'wasm', milliseconds: 31.25 },
      { name: 'webgpu', label: 'WebGPU', refused: 'no adapter' },
    ];
    const measured = read(statusTooltip({ phase: 'idle', model, backend: { ...backend, timings } }));
    expect(measured).toContain(
      'Measured on this model:\n\n- CUDA: 0.63 ms a tick\n- wasm: 31 ms a tick\n- WebGPU: no adapter',
    );
    expect(measured).toContain('CUDA is faster; with the setting auto it is used from the next start');
    const current = { name: 'CUDA', refused: [], timings };
    expect(read(statusTooltip({ phase: 'idle', model, backend: current }))).not.toContain('is faster');
    expect(tooltip).not.toContain('](command');
    expect(read(statusTooltip({ phase: 'no-model' }))).toContain('The engine is not running.');
  });

  it('tells what failed', () => {
    const failure = { headline: 'Training stopped at token 3', detail: 'The engine stopped (killed).' };
    const failed = { phase: 'failed', model, failure } as const;
    expect(read(statusTooltip(failed))).toContain('**Training stopped at token 3**');
    expect(statusSpeech(failed)).toBe('Hopescope, hope-mini, Training stopped at token 3');
  });

  it('does not take an icon from the name of a model', () => {
    const text = statusText({ phase: 'idle', model: { ...model, name: '$(trash)\n$(bell)' } });
    expect(text).toBe('$(circuit-board) \\$(trash)⏎\\$(bell)');
  });
});
