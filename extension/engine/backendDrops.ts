import type { BackendName, DroppedBackend } from '../../engine/protocol/backend.ts';

/** These run native code of a library or a driver, which can take its process with it. */
const CAN_CRASH: readonly BackendName[] = ['tensorflow', 'webgpu'];
/** Ends that only native code brings about: signals, and on Windows the codes of exceptions. */
const CRASH = /^signal SIG(SEGV|BUS|ILL|FPE|ABRT|TRAP|SYS)$/;
const EXIT_CODE = /^exit code (\d+)$/;
const FIRST_EXCEPTION_CODE = 0xc0000000;
/** Any other end may have had nothing to do with the backend; several in a row may not. */
const OTHER_ENDS = 2;
const WINDOW_MS = 600_000;

/** Which backends are not opened again in this window, as they ended their engine. */
export class BackendDrops {
  readonly #dropped: DroppedBackend[] = [];
  readonly #ends = new Map<BackendName, number[]>();

  get dropped(): readonly DroppedBackend[] {
    return this.#dropped;
  }

  /**
   * Takes note of an engine that ended by itself. @param cause as the process's end is told
   * @param lost what the engine said of its backend before it ended @param now milliseconds
   * @returns the backend, when it is dropped for that
   */
  ended(name: BackendName, cause: string, lost?: string, now = Date.now()): DroppedBackend | undefined {
    if (!CAN_CRASH.includes(name)) return undefined;
    const ends = [...(this.#ends.get(name) ?? []), now].filter(time => now - time < WINDOW_MS);
    this.#ends.set(name, ends);
    const certain = lost !== undefined || isCrash(cause);
    if (!certain && ends.length < OTHER_ENDS) return undefined;
    const often = certain ? '' : `, ${ends.length} times`;
    const drop = { name, reason: lost ?? `its engine stopped (${cause}${often})` };
    this.#dropped.push(drop);
    return drop;
  }

  /** Gives all of them another chance, as after an installation. */
  clear(): void {
    this.#dropped.length = 0;
    this.#ends.clear();
  }
}

function isCrash(cause: string): boolean {
  const code = Number(EXIT_CODE.exec(cause)?.[1] ?? 0);
  return CRASH.test(cause) || code >= FIRST_EXCEPTION_CODE;
}
