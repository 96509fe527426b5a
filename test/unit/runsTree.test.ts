import { describe, expect, it } from 'vitest';
import type { BranchChange, RunInfo } from '../../engine/protocol/index.ts';
import type { CatalogEntry } from '../../extension/runs/runCatalog.ts';
import { type RunNode, runNodes } from '../../extension/runs/runNodes.ts';
import { runDescription, runSpeech, runTooltip } from '../../extension/runs/runText.ts';
import { totalOf } from '../../report/extent.ts';
import { runReport } from '../../report/runReport.ts';
import { changeText } from '../../report/runWords.ts';

const info = (id: string, more: Partial<RunInfo> = {}): RunInfo => ({
  ...{ path: `/runs/${id}.hoperun`, id, title: `${id}.txt`, createdAt: '2026-03-01T10:00:00.000Z' },
  ...{ modelName: 'hope-mini', engineVersion: '0.1.0', backend: 'wasm', status: 'finished' as const },
  options: { epochs: 2, learningRates: {}, partialChunk: 'flush', telemetry: true },
  levels: [{ id: 'memory', period: 4 }],
  ...{
    blocks: 1,
    updates: 300,
    tokens: 600,
    positions: 1200,
    bytes: 20_000,
    keyframes: [0],
    bookmarks: [],
    probes: [],
  },
  ...more,
});
const branch = (id: string, of: string): RunInfo =>
  info(id, {
    parent: { runId: of, updates: 120, change: { kind: 'replay', learningRates: { 'cms.0': 0 } } },
  });
const entries = (...infos: RunInfo[]): CatalogEntry[] => infos.map(i => ({ path: i.path, info: i }));
/** The tree as nested names. */
const shape = (nodes: readonly RunNode[]): unknown[] =>
  nodes.map(node => {
    if (node.kind === 'problem') return `! ${node.path}`;
    if (node.kind === 'bookmark') return `* ${node.bookmark.updates}`;
    return node.children.length ? [node.info.id, ...shape(node.children)] : node.info.id;
  });

describe('runNodes', () => {
  it('puts branches and bookmarks under their runs', () => {
    const marked = info('a', { bookmarks: [{ updates: 7, note: '' }] });
    const all = entries(branch('c', 'b'), info('d'), branch('b', 'a'), marked);
    expect(shape(runNodes(all))).toEqual(['d', ['a', '* 7', ['b', 'c']]]);
  });

  it('keeps a branch whose parent was deleted, and files that cannot be read', () => {
    const problem: CatalogEntry = { path: '/runs/x.hoperun', problem: 'it is damaged' };
    expect(shape(runNodes([...entries(branch('b', 'gone')), problem]))).toEqual(['b', '! /runs/x.hoperun']);
  });

  it('loses no run where files name each other or themselves as parents', () => {
    const ids = shape(runNodes(entries(branch('a', 'b'), branch('b', 'a'), branch('c', 'c')))).flat(9);
    expect(ids.sort()).toEqual(['a', 'b', 'c']);
  });
});

describe('texts of runs', () => {
  it('describe a run in a row, in words and in a table', () => {
    expect(runDescription(info('a'), 'finished')).toMatch(/· 300 updates$/);
    expect(runDescription(branch('b', 'a'), 'running')).toMatch(
      /· 300 updates · from update 120 · interrupted$/,
    );
    expect(runDescription(info('a', { updates: 1 }), 'live')).toMatch(/· 1 update · training$/);
    expect(runSpeech(branch('b', 'a'), 'failed')).toMatch(
      /^Run on b\.txt, failed, 300 updates, .*, branch after update 120, cms\.0 frozen\.$/,
    );
    const evil = runTooltip(info('a', { title: '[x](command:evil) | y' }), 'finished');
    expect(evil).not.toContain('](command');
  });

  it('say what a branch did', () => {
    const changes: BranchChange[] = [
      { kind: 'replay', learningRates: {} },
      { kind: 'replay', learningRates: { memory: 0.5 } },
      { kind: 'revert', level: 'cms.1', from: 0 },
      { kind: 'scale', level: 'cms.1', from: 3, factor: 0.5 },
      { kind: 'truncate', level: 'cms.1', from: 3, rank: 4 },
      { kind: 'damp', level: 'cms.1', from: 3, epsilon: 0.6, factor: 0 },
    ];
    expect(changes.map(changeText)).toEqual([
      'the rest of the text again',
      'memory at rate 0.5',
      'cms.1 back to update 0',
      'cms.1 since update 3 times 0.5',
      'cms.1 since update 3 cut to rank 4',
      'intruder dimensions of cms.1 since update 3 times 0',
    ]);
  });

  it('count all passes of a text that was read to its end', () => {
    expect(totalOf(info('a', { positions: 700 }))).toBe(1200);
    expect(totalOf(info('a', { positions: 1300 }))).toBe(1300);
  });
});

describe('runReport', () => {
  const score = (updates: number, probability: number) => ({
    ...{ updates, probability, rank: 1, meanLogProbability: Math.log(probability), tokens: 1 },
  });
  const probes = [{ prompt: 'born | in', answer: ' Lisbon', scores: [score(0, 0.01), score(300, 0.5)] }];
  const pictures = [{ name: 'updates', title: 'Updates', text: 'memory every 4 tokens.', svg: '<svg/>' }];
  const report = runReport(info('a', { probes, bookmarks: [{ updates: 9, note: 'here' }] }), pictures);

  it('has facts, probes, bookmarks, and every picture with its words', () => {
    expect(report).toMatch(/^# a\.txt\n/);
    expect(report).toContain('| 0.01 | 0.5 | 3.91 |');
    expect(report).toContain('| 9 | here |');
    expect(report).toContain('![Updates](updates.svg)\n\nmemory every 4 tokens.');
    expect(report).toContain('does not say where a fact is stored');
  });

  it('links to files whatever they are called', () => {
    const named = runReport(info('a', {}), pictures, name => `a (1) 100 %-${name}.svg`);
    expect(named).toContain('](a%20%281%29%20100%20%25-updates.svg)');
  });

  it('keeps its tables whole whatever a probe says', () => {
    const row = report.split('\n').find(line => line.includes('Lisbon'))!;
    expect(row.replaceAll('\\|', '').split('|')).toHaveLength(6);
  });
});
