import type { CommandContext } from './commandContext.ts';

/** Scores every probe on the memory as it is; what it was before counts no longer. */
export async function rescoreProbes({
  store,
  engine,
}: Pick<CommandContext, 'store' | 'engine'>): Promise<void> {
  const probes = store.snapshot.probes.map(({ probe }) => probe);
  if (probes.length === 0) return;
  const scores = await engine.scoreProbes(probes);
  store.scoreProbes(probes.map((probe, i) => ({ probe, score: scores[i] })));
}
