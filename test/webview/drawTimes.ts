/** Times of the callbacks of animation frames from now on, ms: what drawing costs. Emptied by who reads it. */
export function watchDraws(): number[] {
  const draws: number[] = [];
  const animate = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = callback =>
    animate(time => {
      const start = performance.now();
      callback(time);
      draws.push(performance.now() - start);
    });
  return draws;
}
