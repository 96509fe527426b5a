import { encodeFrame, type Frame } from '../protocol/frame.ts';
import type { Update } from '../protocol/update.ts';

const FRAME_MILLISECONDS = 1000 / 30;
/** Updates that may wait for the host before training pauses; the run file has them all anyway. */
const MOST_WAITING = 2048;

/**
 * Sends updates as frames, at most 30 a second and one at a time: the next one leaves when the host has seen the
 * last. Updates that come meanwhile are merged into it; none is lost.
 */
export class FramePublisher {
  private waiting: Update[] = [];
  private inFlight = false;
  private sentAt = 0;
  private timer: NodeJS.Timeout | undefined;
  private wake: (() => void) | undefined;
  private released = false;

  constructor(
    private readonly runId: string,
    private readonly blocks: number,
    private readonly levels: number,
    private readonly send: (frame: Frame) => void,
  ) {}

  /** Resolves at once, or when the host has caught up. */
  async push(update: Update): Promise<void> {
    this.waiting.push(update);
    this.schedule();
    if (this.waiting.length < MOST_WAITING || this.released) return;
    await new Promise<void>(resolve => {
      this.wake = resolve;
    });
  }

  /** The host has seen the frame in flight. */
  seen(): void {
    this.inFlight = false;
    this.schedule();
  }

  /** Training waits for the host no longer: it is to stop. */
  release(): void {
    this.released = true;
    this.wake?.();
  }

  /** Sends what is left, whether or not the host has seen the last frame. */
  finish(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting.length) this.flush();
  }

  private schedule(): void {
    if (this.inFlight || this.timer || this.waiting.length === 0) return;
    const wait = Math.max(0, this.sentAt + FRAME_MILLISECONDS - performance.now());
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.flush();
    }, wait);
  }

  private flush(): void {
    const frame = encodeFrame(this.runId, this.blocks, this.levels, this.waiting);
    this.waiting = [];
    this.inFlight = true;
    this.sentAt = performance.now();
    this.send(frame);
    this.wake?.();
    this.wake = undefined;
  }
}
