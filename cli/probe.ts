import type { Command } from 'commander';
import type { Probe, ProbeScore } from '../engine/protocol/probe.ts';
import { type ModelFlags, modelCommand, openModel } from './modelOptions.ts';
import { Output } from './output.ts';
import { parseProbes, probeLabel } from './probeArgument.ts';
import { type Column, significant, table } from './table.ts';

const HELP = `
p is the probability of all tokens of the answer after the prompt, rank the worst rank of one of them (1 = most
likely). Scoring changes nothing.

Examples:
  hopescope probe "Mira Halloway was born in => Lisbon"
  hopescope probe "The sea is => calm" "The sea is => deep" --state people.state --json`;

const COLUMNS: readonly Column<Probe & ProbeScore>[] = [
  { title: 'p', cell: score => significant(score.probability) },
  { title: 'rank', cell: score => String(score.rank) },
  { title: 'mean log p (nats/token)', cell: score => significant(score.meanLogProbability) },
  { title: 'tokens', cell: score => String(score.tokens) },
  { title: 'probe', text: true, cell: probeLabel },
];

export function addProbe(program: Command): void {
  modelCommand(program, 'probe', 'score how likely a model finds an answer after a prompt')
    .argument('<probe...>', '"PROMPT => ANSWER", in quotes')
    .addHelpText('after', HELP)
    .action(runProbe);
}

async function runProbe(texts: readonly string[], flags: ModelFlags): Promise<void> {
  const output = new Output(flags.json);
  const probes = parseProbes(texts);
  const { session, info, backend } = await openModel(flags, output);
  const scores = await session.probe(probes);
  const scored = probes.map((probe, i) => ({ ...probe, ...scores[i] }));
  await output.result({ model: info.name, backend, probes: scored }, table(COLUMNS, scored));
}
