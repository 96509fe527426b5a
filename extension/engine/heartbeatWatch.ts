/**
 * Calls `onSilence` when so many checks passed without a beat. It counts its own checks instead of reading a
 * clock: after the machine slept, or the host was held at a breakpoint, engine and host start even.
 */
export class HeartbeatWatch {
  readonly #timer: NodeJS.Timeout;
  #missed = 0;

  constructor(checkMs: number, checks: number, onSilence: () => void) {
    this.#timer = setInterval(() => {
      this.#missed += 1;
      if (this.#missed <= checks) return;
      this.dispose();
      onSilence();
    }, checkMs);
    this.#timer.unref();
  }

  beat(): void {
    this.#missed = 0;
  }

  dispose(): void {
    clearInterval(this.#timer);
  }
}
