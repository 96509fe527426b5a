import { JSDOM } from 'jsdom';
import { describe, expect, it } from 'vitest';
import { METRICS, type ModelInfo } from '../../engine/protocol/index.ts';
import { toLevelsState } from '../../extension/levelsView/levelsState.ts';
import { RunHistory } from '../../extension/state/runHistory.ts';
import { stoppedText } from '../../extension/training/resultText.ts';
import { pageHtml } from '../../extension/webviews/pageHtml.ts';

const model: ModelInfo = {
  ...{ name: 'hope-mini', path: '/m', blocks: 1, width: 4, heads: 1, vocabulary: 8, parameters: 9 },
  ...{ levels: [{ id: 'memory', period: 4 }], tick: 4, updates: 0 },
};

describe('toLevelsState', () => {
  it('tells the page of model and run what it shows, and nothing else', () => {
    const text = { documentUri: 'file:///secret.txt', documentVersion: 1, segments: [] };
    const run = new RunHistory({ id: 'r', title: 'a.txt', text, blocks: 1, levels: model.levels });
    const [starts, ends] = [Uint32Array.from([0, 3, 6, 9]), Uint32Array.from([3, 6, 9, 12])];
    run.addTokens({ runId: 'r', first: 0, starts, ends });
    run.progress = { position: 8, total: 80, tokensPerSecond: 9 };
    const state = toLevelsState({ phase: 'running', model, run, probes: [] });
    expect(state).toEqual({
      phase: 'running',
      model: { name: 'hope-mini', blocks: 1, levels: model.levels },
      run: { id: 'r', title: 'a.txt', position: 8, total: 80, tokens: 4, updates: 0, tokensPerSecond: 9 },
    });
    expect(JSON.stringify(state)).not.toContain('secret');
  });

  it('tells the length of the text only when the first pass is over', () => {
    const text = { documentUri: 'file:///a.txt', documentVersion: 1, segments: [] };
    const run = new RunHistory({ id: 'r', title: 'a.txt', text, blocks: 1, levels: model.levels });
    run.addTokens({ runId: 'r', first: 0, starts: new Uint32Array(9), ends: new Uint32Array(9) });
    run.progress = { position: 8, total: 80, tokensPerSecond: 9 };
    expect(toLevelsState({ phase: 'running', model, run, probes: [] }).run?.tokens).toBeUndefined();
  });

  it('tells the same place above a failure and in it, also when progress was told before the last updates', () => {
    const text = { documentUri: 'file:///a.txt', documentVersion: 1, segments: [] };
    const run = new RunHistory({ id: 'r', title: 'a.txt', text, blocks: 1, levels: model.levels });
    run.progress = { position: 524, total: 900, tokensPerSecond: 9 };
    const metrics = new Float32Array(METRICS.length);
    run.append([{ index: 0, position: 572, loss: 1, surprise: new Float32Array(4), metrics }]);
    const failure = stoppedText(run, 'The engine stopped.');
    const state = toLevelsState({ phase: 'failed', model, run, failure, probes: [] });
    expect(state.run?.position).toBe(576);
    expect(state.failure?.headline).toBe('Training stopped at token 576');
  });

  it('tells of a failure only in the phase of one', () => {
    const failure = { headline: 'h', detail: 'd' };
    expect(toLevelsState({ phase: 'failed', failure, probes: [] }).failure).toEqual(failure);
    expect(toLevelsState({ phase: 'idle', failure, probes: [] }).failure).toBeUndefined();
  });
});

describe('pageHtml', () => {
  const parts = {
    title: 'Levels',
    script: 'https://x/levels.js',
    style: 'https://x/levels.css',
    source: 'https://x',
    nonce: 'abc',
    colors: ['a.b.c', 'a.d'],
  };
  const { document } = new JSDOM(pageHtml(parts)).window;

  it('lets only its own script run', () => {
    const policy = document.querySelector('meta[http-equiv]')?.getAttribute('content') ?? '';
    const rules = Object.fromEntries(policy.split('; ').map(rule => [rule.split(' ')[0], rule]));
    expect(rules['default-src']).toBe(`default-src 'none'`);
    expect(rules['script-src']).toBe(`script-src 'nonce-abc'`);
    expect(rules['style-src']).toBe(`style-src https://x 'nonce-abc'`);
    expect(policy).not.toContain('unsafe');
    const scripts = Array.from(document.scripts, script => [script.nonce, script.src]);
    expect(scripts).toEqual([['abc', 'https://x/levels.js']]);
  });

  it('names colours with two dots as the charts ask for them', () => {
    const styles = Array.from(document.querySelectorAll('style'), ({ nonce, textContent }) => [
      nonce,
      textContent,
    ]);
    expect(styles).toEqual([['abc', ':root { --vscode-a-b-c: var(--vscode-a-b\\.c); }']]);
  });
});
