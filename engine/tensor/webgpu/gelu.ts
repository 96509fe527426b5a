import type { KernelConfig, TensorInfo } from '#tfjs';
import type { HostBackend } from './hostBackend.ts';
import { dispatch, type Program, sizeOf, workgroupsFor } from './program.ts';

/**
 * φ and Φ of the normal distribution in WGSL, which has no erf. The polynomials are N. Juffa's, within one rounding of
 * float32 (https://stackoverflow.com/a/35148199), where the library's own erf is off by 1.5e-7.
 */
export const normalDistribution = `
fn erf(a: f32) -> f32 {
  let t = abs(a);
  let s = a * a;
  if (t > 0.927734375) {
    var r = fma(fma(-1.72853470e-5, t, 3.83197126e-4), s, fma(-3.88396438e-3, t, 2.42546219e-2));
    r = fma(fma(fma(r, t, -1.06777877e-1), t, -6.34846687e-1), t, -1.28717512e-1);
    return sign(a) * (1.0 - exp(fma(r, t, -t)));
  }
  var r = fma(fma(-5.96761703e-4, s, 4.99119423e-3), s, -2.67681349e-2);
  r = fma(fma(fma(r, s, 1.12819925e-1), s, -3.76125336e-1), s, 1.28379166e-1);
  return fma(r, a, a);
}
fn density(x: f32) -> f32 { return exp(-0.5 * x * x) * 0.3989422804; }
fn distribution(x: f32) -> f32 { return 0.5 * (1.0 + erf(x * 0.7071067812)); }
fn gelu(x: f32) -> f32 { return x * distribution(x); }
fn geluDerivative(x: f32) -> f32 { return distribution(x) + x * density(x); }
fn geluSecondDerivative(x: f32) -> f32 { return density(x) * (2.0 - x * x); }
`;

function elementwise(kernelName: string, wgsl: string): KernelConfig {
  const program: Program = {
    name: kernelName,
    outputs: ['y'],
    inputs: ['x'],
    integers: ['size'],
    threads: 64,
    functions: normalDistribution,
    body: `
      let at = group * threads + thread;
      if (at < uniforms.size) { y[at] = ${wgsl}(x[at]); }`,
  };
  return {
    kernelName,
    backendName: 'webgpu',
    kernelFunc: ({ inputs, backend }) => {
      const { x } = inputs as { x: TensorInfo };
      const size = sizeOf(x.shape);
      const [y] = dispatch(backend as HostBackend, program, {
        outputs: [{ shape: x.shape }],
        inputs: [x],
        uniforms: { size },
        workgroups: workgroupsFor(program, size),
      });
      return y;
    },
  };
}

/** GELU, its first and its second derivative, one dispatch each. */
export function geluKernels(): KernelConfig[] {
  return [
    elementwise('HopeGelu', 'gelu'),
    elementwise('HopeGeluGrad', 'geluDerivative'),
    elementwise('HopeGeluGrad2', 'geluSecondDerivative'),
  ];
}
