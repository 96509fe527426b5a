/** out[s, width] = Σ over rows i with ids[i] = s of x[i, width]; rows with an id out of range are left out. */
export function unsortedSegmentSum(
  x: usize,
  ids: usize,
  out: usize,
  rows: i32,
  width: i32,
  segments: i32,
): void {
  const rowBytes = (<usize>width) << 2;
  const wholeBytes = (<usize>(width & ~3)) << 2;
  memory.fill(out, 0, rowBytes * <usize>segments);
  for (let i = 0; i < rows; i++) {
    const id = load<i32>(ids + ((<usize>i) << 2));
    if (id >= 0 && id < segments) {
      const to = out + <usize>id * rowBytes;
      let j: usize = 0;
      for (; j < wholeBytes; j += 16) v128.store(to + j, f32x4.add(v128.load(to + j), v128.load(x + j)));
      for (; j < rowBytes; j += 4) store<f32>(to + j, load<f32>(to + j) + load<f32>(x + j));
    }
    x += rowBytes;
  }
}
