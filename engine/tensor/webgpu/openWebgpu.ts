import { backendLost } from '../backendLoss.ts';
import { tf } from '../tf.ts';
import { openDawn } from './dawn.ts';
import { guardReads } from './guardReads.ts';
import type { HostBackend } from './hostBackend.ts';
import { installKernelPack } from './kernelPack.ts';

export interface WebgpuOptions {
  /** Folder in or above whose `node_modules` the package `webgpu` lies; by default the bundle's own. */
  readonly webgpuFolder?: string;
  /** Refuses an adapter that is a program on the processor: it would only be slower than the other backends. */
  readonly hardwareOnly?: boolean;
}

/** The graphics processor in use, as its driver names it. */
export interface WebgpuAdapter {
  readonly vendor: string;
  readonly architecture: string;
  /** For people, such as `NVIDIA H100 (driver 570.1)`; never empty. */
  readonly description: string;
  /** Whether it is a program on the processor: right results, no speed. */
  readonly software: boolean;
}

/** Limits that the library's kernels use as far as the adapter goes. */
const LIMITS = [
  'maxBufferSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupStorageSize',
  'maxComputeWorkgroupsPerDimension',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
] as const;

/**
 * Dispatches that are recorded before they are submitted. A tick of a large model stays below it and is submitted
 * once, when its result is read; the bound keeps buffers of a long calculation from piling up.
 */
const DISPATCHES_A_SUBMISSION = 4096;

let opened: WebgpuAdapter | undefined;

/**
 * Makes WebGPU the current backend, with our fused kernels. @throws Error with a clause that says why not: the package
 * is missing, there is no adapter or not such a one, or its device was refused. When the device is lost every read
 * rejects from then on, and `backendLost` is told.
 */
export async function openWebgpu({ webgpuFolder, hardwareOnly = false }: WebgpuOptions = {}): Promise<void> {
  opened ??= await register(webgpuFolder, hardwareOnly);
  if (hardwareOnly) refuseSoftware(opened);
  if (!(await tf.setBackend('webgpu'))) throw new Error('the WebGPU backend did not start');
}

/** The adapter in use; undefined before the backend was opened. */
export function webgpuAdapter(): WebgpuAdapter | undefined {
  return opened;
}

async function register(folder: string | undefined, hardwareOnly: boolean): Promise<WebgpuAdapter> {
  const gpu = await openDawn(folder);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new Error(
      'no adapter was found: there is no graphics processor with a driver for Vulkan, Metal or D3D12',
    );
  }
  const { info } = adapter as GPUAdapter & { readonly info: AdapterInfo };
  const described = describe(info);
  if (hardwareOnly) refuseSoftware(described);
  const device = await requestDevice(adapter);
  // Evaluated only now, because it looks for the globals above.
  const { WebGPUBackend } = await import('#tfjs-webgpu');
  const backend = new WebGPUBackend(device, info as unknown as GPUAdapterInfo) as unknown as HostBackend;
  // Small results would be computed on the processor or the device depending on where their inputs happen to lie,
  // and a run recomputed from a keyframe would differ from the first in the last bits.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  tf.env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', DISPATCHES_A_SUBMISSION);
  void guardReads(backend).then(backendLost);
  tf.registerBackend('webgpu', () => backend);
  installKernelPack();
  return described;
}

function refuseSoftware({ software, description }: WebgpuAdapter): void {
  if (software) throw new Error(`there is a software adapter only, ${description}`);
}

async function requestDevice(adapter: GPUAdapter): Promise<GPUDevice> {
  const limits = adapter.limits as unknown as Record<string, number>;
  const requiredLimits = Object.fromEntries(LIMITS.map(name => [name, limits[name]]));
  try {
    return await adapter.requestDevice({ requiredLimits });
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(`the graphics processor gave no device: ${reason}`, { cause: error });
  }
}

interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly isFallbackAdapter?: boolean;
}

function describe({
  vendor,
  architecture,
  device,
  description,
  isFallbackAdapter,
}: AdapterInfo): WebgpuAdapter {
  const named = [device, description && `(${description})`].filter(Boolean).join(' ');
  const software =
    isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|warp/i.test(`${architecture} ${named}`);
  return { vendor, architecture, description: named || vendor || 'unnamed adapter', software };
}
