import type { HostBackend } from './hostBackend.ts';

/**
 * Lets every read fail with a plain reason once the device was lost or has refused an operation: WebGPU itself goes on
 * in both cases, and what is read would be zeros. @returns resolves with the reason when the device is lost
 */
export function guardReads(backend: HostBackend): Promise<string> {
  const { device } = backend;
  let broken: string | undefined;
  const lost = device.lost.then(({ message, reason }) => {
    broken = `the WebGPU device was lost: ${firstLine(message) || reason || 'no reason given'}`;
    return broken;
  });
  device.addEventListener('uncapturederror', event => {
    // Dawn's own event goes on to print; the error is thrown at the next read instead.
    event.preventDefault();
    broken ??= `the graphics processor refused an operation: ${firstLine((event as GPUUncapturedErrorEvent).error.message)}`;
  });
  const read = backend.read.bind(backend);
  backend.read = async dataId => {
    try {
      const values = await read(dataId);
      if (!broken) return values;
    } catch (error) {
      // A read that is under way when the device goes fails before the loss is told.
      await Promise.race([lost, new Promise(resolve => setTimeout(resolve, 100))]);
      if (!broken) throw error;
    }
    throw new Error(broken);
  };
  backend.readSync = dataId => {
    const { values } = backend.tensorMap.get(dataId);
    if (values) return values as Float32Array;
    throw new Error('WebGPU values cannot be read at once under Node; read them with data().');
  };
  return lost;
}

function firstLine(text: string | undefined): string {
  return text?.split('\n')[0] ?? '';
}
