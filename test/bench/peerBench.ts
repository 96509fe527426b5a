// `node peerBench.mjs PART`: prints the rows of a part that compares with PyTorch, one JSON object a line.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openBackend } from '../../engine/tensor/backend.ts';
import { rows as peerKey } from './peerKey.ts';
import { rows as peerNative } from './peerNative.ts';
import { rows as peerOnline } from './peerOnline.ts';
import { rows as peerPretraining } from './peerPretraining.ts';
import { findTorch } from './peerProcess.ts';
import { failure } from './statistics.mjs';

const NATIVE = '.native/installed';
const native = { nativeFolder: resolve(NATIVE) };
const PARTS = {
  ...{ peerKey, peerOnline, peerPretraining },
  peerNative: (version: string) => peerNative(version, native),
};

const part = process.argv[2] as keyof typeof PARTS;
const torch = await findTorch();
if ('missing' in torch) {
  console.log(JSON.stringify(failure(`${part}, against PyTorch`, torch.missing)));
} else if (part === 'peerNative' && !existsSync(NATIVE)) {
  console.log(
    JSON.stringify(failure('TensorFlow CPU against PyTorch', `${NATIVE} is not there; npm test builds it`)),
  );
} else {
  if (part === 'peerNative') await openBackend('tensorflow', native);
  else await openBackend('wasm', { wasmFolder: 'engine/tensor/build' });
  for await (const row of PARTS[part](torch.version)) console.log(JSON.stringify(row));
}
process.exit(0);
