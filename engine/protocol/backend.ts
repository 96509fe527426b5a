/** Backends by the names that settings and requests use, in order of hope. */
export const BACKEND_NAMES = ['tensorflow', 'webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof BACKEND_NAMES)[number];
/** What a user may ask for; `auto` takes the fastest that was measured, or what works everywhere. */
export type BackendPreference = 'auto' | BackendName;
export const BACKEND_PREFERENCES: readonly BackendPreference[] = ['auto', ...BACKEND_NAMES];

/** One backend as it was tried in a process of its own on one model. */
export interface BackendTiming {
  readonly name: BackendName;
  /** As users know it: `CUDA`, `TensorFlow CPU`, `WebGPU`, `wasm`, `cpu`. */
  readonly label: string;
  /** Median time of one tick of online training; absent where the backend cannot be used. */
  readonly milliseconds?: number;
  /** Why it cannot be used, a clause. */
  readonly refused?: string;
}

/** What measuring the backends on one machine and model came to: the fastest first, then those refused. */
export interface BackendVerdict {
  /** ISO 8601. */
  readonly measuredAt: string;
  readonly timings: readonly BackendTiming[];
}

/** A backend that ended its engine, and how: it is not opened again. */
export interface DroppedBackend {
  readonly name: BackendName;
  /** A clause. */
  readonly reason: string;
}

/** `wasm: 1.9 ms a tick` or `WebGPU: no adapter`. */
export function timingText({ label, milliseconds, refused }: BackendTiming): string {
  if (milliseconds === undefined) return `${label}: ${refused ?? 'not measured'}`;
  const digits = milliseconds < 10 ? milliseconds.toPrecision(2) : Math.round(milliseconds);
  return `${label}: ${digits} ms a tick`;
}
