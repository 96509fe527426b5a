import { processorSeconds } from './kernelSets.ts';

// Node's types leave WebAssembly to the DOM library.
declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object) => { exports: { run(times: number): number } };
};

/** More sums than a multiply-add's latency times the units that a core has for it, and as many as V8 keeps in registers. */
const SUMS = 12;
const FLOPS_EACH = 2 * 4 * SUMS;

const simd = (code: number) => [0xfd, ...unsigned(code)];
const fused = simd(0x105);
const [multiply, add] = [simd(0xe6), simd(0xe4)];
const get = (local: number) => [0x20, local];
const set = (local: number) => [0x21, local];

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >> 7)];
}

function section(id: number, bytes: number[]): number[] {
  return [id, ...unsigned(bytes.length), ...bytes];
}

/** `run(n)`: n times s ← x·y + s for each of the sums, all in locals; it gives back their sum, so that none is left out. */
function moduleOf(step: (sum: number) => number[]): Uint8Array {
  const sums = Array.from({ length: SUMS }, (_, i) => 3 + i);
  const operand = (local: number) => [0x43, 0, 0, 0, 0x3f, ...simd(0x13), ...set(local)];
  const loop = [
    ...[0x03, 0x40, ...sums.flatMap(step)],
    ...[...get(0), 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b],
  ];
  const total = [...get(3), ...sums.slice(1).flatMap(sum => [...get(sum), ...add]), ...simd(0x1f), 0];
  const body = [1, 2 + SUMS, 0x7b, ...operand(1), ...operand(2), ...loop, ...total, 0x0b];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 1, 0x7f, 1, 0x7d]),
    ...section(3, [1, 0]),
    ...section(7, [1, 3, 0x72, 0x75, 0x6e, 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}

/**
 * GFLOP/s that vectors of 128 bits reach on one core when nothing is loaded or stored: no WebAssembly product can have
 * more. Fused multiply-adds where the runtime takes them.
 */
export async function multiplyAddPeak(): Promise<number> {
  const relaxed = moduleOf(sum => [...get(1), ...get(2), ...get(sum), ...fused, ...set(sum)]);
  const plain = moduleOf(sum => [...get(1), ...get(2), ...multiply, ...get(sum), ...add, ...set(sum)]);
  const bytes = WebAssembly.validate(relaxed) ? relaxed : plain;
  const { run } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
  let best = 0;
  const times = 1e5;
  for (let round = 0; round < 10; round++) {
    // What is called often is compiled anew by the better compiler, on another thread.
    const seconds = await processorSeconds(() => {
      for (let i = 0; i < 100; i++) run(times);
    });
    best = Math.max(best, (100 * times * FLOPS_EACH) / seconds / 1e9);
  }
  return best;
}
