/** Mean −log p of `held` under token frequencies of `training` with add-one smoothing, nats per token. */
export function unigramLoss(training: readonly Int32Array[], held: Int32Array, vocabulary: number): number {
  const counts = new Float64Array(vocabulary).fill(1);
  let total = vocabulary;
  for (const piece of training) {
    for (const id of piece) counts[id]++;
    total += piece.length;
  }
  let sum = 0;
  for (let i = 1; i < held.length; i++) sum -= Math.log(counts[held[i]] / total);
  return sum / (held.length - 1);
}
