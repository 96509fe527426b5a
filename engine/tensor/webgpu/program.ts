import { type DataType, type TensorInfo, util } from '#tfjs';
import { bufferOf, type HostBackend, type HostUniform } from './hostBackend.ts';

/** One WGSL program. Its code sees every tensor by name as a flat array, and every uniform as `uniforms.name`. */
export interface Program {
  /** Also the key of its compiled pipeline. */
  readonly name: string;
  readonly outputs: readonly string[];
  readonly inputs: readonly string[];
  /** Names of whole numbers, then of real ones. */
  readonly integers: readonly string[];
  readonly reals?: readonly string[];
  /** Threads of a workgroup. */
  readonly threads: number;
  /** Functions, and the body of the entry point: `group` is the workgroup's number, `thread` the thread's in it. */
  readonly functions?: string;
  readonly body: string;
}

export interface Call {
  readonly outputs: readonly { readonly shape: number[]; readonly dtype?: DataType }[];
  readonly inputs: readonly TensorInfo[];
  readonly uniforms: Readonly<Record<string, number>>;
  readonly workgroups: number;
}

interface Compiled {
  readonly device: GPUDevice;
  readonly pipeline: GPUComputePipeline;
}

const compiled = new Map<string, Compiled>();

/**
 * Records one dispatch into the command buffer of the library's backend, in order with its own. Unlike the library's
 * programs one of ours may have several outputs. No tensor may be empty. @returns the outputs, not tracked yet
 */
export function dispatch(backend: HostBackend, program: Program, call: Call): TensorInfo[] {
  const outputs = call.outputs.map(({ shape, dtype = 'float32' }) => backend.makeTensorInfo(shape, dtype));
  const tensors = [...outputs, ...call.inputs];
  const pipeline = pipelineOf(backend.device, program, call.inputs);
  const uniform = (type: HostUniform['type']) => (name: string) => ({ type, data: [call.uniforms[name]] });
  const uniforms = backend.makeUniforms([
    ...program.integers.map(uniform('uint32')),
    ...(program.reals ?? []).map(uniform('float32')),
  ]);
  const buffers = [...tensors.map(tensor => ({ buffer: bufferOf(backend, tensor) })), uniforms];
  for (const { dataId } of tensors) backend.commandQueueOwnedIds.add(dataId);
  const bindGroup = backend.device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((resource, binding) => ({ binding, resource })),
  });
  backend.ensureCommandEncoderReady();
  backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
  const pass = backend.computePassEncoder;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  // A dimension of a dispatch is limited; `group` below undoes the folding.
  const columns = Math.min(call.workgroups, backend.device.limits.maxComputeWorkgroupsPerDimension);
  pass.dispatchWorkgroups(columns, Math.ceil(call.workgroups / columns));
  backend.dispatchCountInPass++;
  return outputs;
}

/** Workgroups that give each of `count` elements a thread. */
export function workgroupsFor({ threads }: Program, count: number): number {
  return Math.ceil(count / threads);
}

/** Elements of a shape. */
export const sizeOf = util.sizeFromShape;

function pipelineOf(device: GPUDevice, program: Program, inputs: readonly TensorInfo[]): GPUComputePipeline {
  const types = inputs.map(({ dtype }) => (dtype === 'float32' ? 'f32' : 'i32'));
  const key = `${program.name} ${types.join()}`;
  const known = compiled.get(key);
  if (known?.device === device) return known.pipeline;
  const module = device.createShaderModule({ label: program.name, code: sourceOf(program, types) });
  const pipeline = device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  compiled.set(key, { device, pipeline });
  return pipeline;
}

function sourceOf(program: Program, types: readonly string[]): string {
  const { outputs, inputs, integers, reals = [], threads, functions = '', body } = program;
  const tensors = [
    ...outputs.map(name => `var<storage, read_write> ${name}: array<f32>`),
    ...inputs.map((name, i) => `var<storage, read> ${name}: array<${types[i]}>`),
  ];
  const fields = [...integers.map(name => `${name}: u32`), ...reals.map(name => `${name}: f32`)];
  const bindings = [...tensors, 'var<uniform> uniforms: Uniforms'];
  return `
struct Uniforms { ${fields.join(', ')} }
${bindings.map((binding, i) => `@group(0) @binding(${i}) ${binding};`).join('\n')}
const threads = ${threads}u;
${functions}
@compute @workgroup_size(${threads})
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
) {
  let group = workgroup.y * workgroups.x + workgroup.x;
  ${body}
}
`;
}
