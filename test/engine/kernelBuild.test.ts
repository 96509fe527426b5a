import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildKernels } from '../../engine/tensor/build.mjs';

declare const WebAssembly: {
  Module: {
    new (bytes: Uint8Array): object;
    exports(module: object): { name: string; kind: string }[];
    imports(module: object): { module: string; name: string; kind: string }[];
  };
};

const root = new URL('../../', import.meta.url);
const source = (path: string) => readFile(new URL(path, root), 'utf8');
const builds = ['kernels-simd.wasm', 'kernels-relaxed.wasm'];
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hopescope-kernels-'));
  await buildKernels(folder);
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

/** The kernels that the TypeScript declares: the members of its interfaces that are called `…Kernels`. */
async function declaredKernels(): Promise<string[]> {
  const files = ['kernelModule', 'layerKernels', 'memoryKernels'];
  const texts = await Promise.all(files.map(name => source(`engine/tensor/wasm/${name}.ts`)));
  return texts.flatMap(text => {
    const [, body] = /interface \w*Kernels (?:extends [^{]+)?\{\n([\s\S]*?)\n\}/.exec(
      text,
    ) as RegExpExecArray;
    return [...body.matchAll(/^ {2}(\w+)[(:]/gm)].map(([, name]) => name);
  });
}

describe.each(builds)('%s', build => {
  const read = async (name: string) => new WebAssembly.Module(await readFile(join(folder, name)));

  it('is the same, byte for byte, however often it is built', async () => {
    const again = await readFile(join(folder, build));
    const shipped = await readFile(new URL(`dist/${build}`, root));
    expect(again.equals(shipped)).toBe(true);
  });

  it('exports every kernel that is declared, and none that is not', async () => {
    const exported = WebAssembly.Module.exports(await read(build)).filter(({ kind }) => kind === 'function');
    const declared = await declaredKernels();
    expect(declared.length).toBeGreaterThan(30);
    expect(exported.map(({ name }) => name).toSorted()).toEqual(declared.toSorted());
  });

  it('needs nothing of its host but the memory', async () => {
    const imports = WebAssembly.Module.imports(await read(build));
    expect(imports).toEqual([{ module: 'env', name: 'memory', kind: 'memory' }]);
  });
});
