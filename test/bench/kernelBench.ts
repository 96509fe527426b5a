// `node kernelBench.mjs PART`: prints the rows of a part that compares kernels in this process, one JSON object a line.
import { openKernelSets } from './kernelSets.ts';
import { rows as keyWorkload } from './keyWorkload.ts';
import { rows as length } from './length.ts';
import { rows as levels } from './levels.ts';
import { rows as products } from './matrixProduct.ts';
import { rows as sizes } from './modelSizes.ts';
import { rows as muon } from './muonStep.ts';
import { rows as online } from './onlineRatio.ts';
import { rows as outerStep } from './outerStep.ts';

const PARTS = { products, keyWorkload, online, sizes, length, levels, outerStep, muon };

const part = PARTS[process.argv[2] as keyof typeof PARTS];
for await (const row of part(await openKernelSets())) console.log(JSON.stringify(row));
process.exit(0);
