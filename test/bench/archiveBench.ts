// `node archiveBench.mjs PART`: prints the rows of a part about checkpoints, one JSON object a line.
import { rows as checkpoints } from './checkpoints.ts';
import { rows as fuzz } from './fuzz.ts';

const PARTS = { checkpoints, fuzz };

for await (const row of PARTS[process.argv[2] as keyof typeof PARTS]()) console.log(JSON.stringify(row));
process.exit(0);
