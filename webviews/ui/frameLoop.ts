/** Draws at most once an animation frame. */
export interface FrameLoop {
  /** Asks for a drawing in the next animation frame. */
  request(): void;
  /** Resolves when everything absorbed so far has been drawn, or at once where nothing is drawn because the page is hidden. */
  drawn(): Promise<void>;
}

/** Without a frame for so long the page is not being shown, and whoever waits must go on: ms. */
const PATIENCE = 500;

/** @param draw Draws the current state; called inside an animation frame. */
export function frameLoop(draw: () => void): FrameLoop {
  let requested = false;
  let waiting: (() => void)[] = [];
  const release = (): void => {
    const released = waiting;
    waiting = [];
    for (const resolve of released) resolve();
  };
  const request = (): void => {
    if (requested) return;
    requested = true;
    requestAnimationFrame(() => {
      requested = false;
      try {
        draw();
      } finally {
        release();
      }
    });
  };
  document.addEventListener('visibilitychange', () => document.hidden && release());
  return {
    request,
    drawn() {
      request();
      if (document.hidden) return Promise.resolve();
      return new Promise<void>(resolve => {
        const timer = setTimeout(resolve, PATIENCE);
        waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    },
  };
}
