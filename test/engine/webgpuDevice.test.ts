import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { WebgpuProcess } from '../support/webgpuProcess.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Variables that send the Vulkan loader to a driver that is not there. */
const NO_DRIVER = { VK_ICD_FILENAMES: '/nowhere/icd.json', VK_DRIVER_FILES: '/nowhere/icd.json' };

describe('WebGPU that cannot be had says why', () => {
  const processes: WebgpuProcess[] = [];
  afterAll(async () => {
    for (const each of processes) await each.close();
  });

  async function bare(): Promise<WebgpuProcess> {
    const started = await WebgpuProcess.start(NO_DRIVER);
    processes.push(started);
    return started;
  }

  test('the package is not installed', async () => {
    await expect((await bare()).run('open', tmpdir())).rejects.toThrow(
      /^The webgpu backend cannot be used: the package webgpu is not installed in .* or above it$/,
    );
  });

  test.runIf(process.platform === 'linux')('there is no adapter', async () => {
    await expect((await bare()).run('open', ROOT)).rejects.toThrow(
      /^The webgpu backend cannot be used: no adapter was found: .* driver/,
    );
  });
});

const first = await WebgpuProcess.open();
const reason = 'reason' in first ? first.reason : undefined;
if ('gpu' in first) await first.gpu.close();

describe.skipIf(reason)(`a WebGPU device${reason ? `, not run, ${reason}` : ''}`, () => {
  let gpu: WebgpuProcess;
  afterEach(() => gpu.close());

  async function open(): Promise<void> {
    const opened = await WebgpuProcess.open();
    if ('reason' in opened) throw new Error(opened.reason);
    gpu = opened.gpu;
  }

  test('gets a tick in one submission, and in far fewer dispatches than without our programs', async () => {
    await open();
    type Counts = { submissions: number[]; dispatches: number[] };
    const before = (await gpu.run('countSubmissions', 15, true)) as Counts;
    const now = (await gpu.run('countSubmissions', 4096, false)) as Counts;
    expect(now.submissions).toEqual(now.dispatches.map(() => 1));
    const counts = JSON.stringify({ before, now });
    before.submissions.forEach((count, i) => {
      expect(count, counts).toBeGreaterThan(10);
      expect(now.dispatches[i], counts).toBeLessThan(before.dispatches[i] * 0.75);
    });
  });

  test('that refuses an operation fails the next read instead of reading zeros', async () => {
    await open();
    expect(await gpu.run('refuse')).toMatch(/^the graphics processor refused an operation: ./);
  });

  test('that is lost fails every read with the reason', async () => {
    await open();
    for (const said of (await gpu.run('lose')) as string[])
      expect(said).toMatch(/^the WebGPU device was lost: ./);
  });

  test('says that it cannot be read at once', async () => {
    await open();
    expect(await gpu.run('readAtOnce')).toMatch(/cannot be read at once under Node; read them with data\(\)/);
  });

  test('lets its process end by itself, and prints nothing', async () => {
    await open();
    await gpu.run('selfTest');
    const ended = once(gpu.child, 'exit');
    gpu.child.disconnect();
    expect(await ended).toEqual([0, null]);
    expect(gpu.output).toBe('');
  });
});
