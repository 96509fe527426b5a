// A vector constant in the code costs about five instructions at every use in V8, which does not lift it out of a
// loop; read from memory it costs one. So the constants of the elementwise kernels lie in a table that the host
// gives room for, each one in all four lanes.

let table: usize = 0;

/** Address of the table; pass it down so that a loop reads the global once. */
export function constants(): usize {
  return table;
}

/** Bytes of the table. */
export function constantsBytes(): usize {
  return 44 * 16;
}

function put(index: usize, value: f32): void {
  v128.store(table + (index << 4), f32x4.splat(value));
}

/** Fills the table at `at`, where it stays for the life of the instance. */
export function fillConstants(at: usize): void {
  table = at;
  // exp4
  put(0, -87.33654);
  put(1, 88.37626);
  put(2, Mathf.LOG2E);
  put(3, -0.693359375);
  put(4, 2.1219444e-4);
  put(5, 1.98756915e-4);
  put(6, 1.3981999507e-3);
  put(7, 8.3334519073e-3);
  put(8, 4.1665795894e-2);
  put(9, 1.6666665459e-1);
  put(10, 5.0000001201e-1);
  put(11, 1);
  put(12, 12582912 + 127);
  // gelu
  put(13, -0.5);
  put(14, 0.3989422804);
  put(15, 0.29);
  put(16, 0.03993229111695106);
  put(17, -0.19615207365518686);
  put(18, 0.31390027247245633);
  put(19, -0.16134225179597667);
  put(20, 0.19373293391208304);
  put(21, 0.0728616062502619);
  put(22, 0.12202638840438487);
  put(23, 0.11500892647259686);
  put(24, 3.189057438243714e-5);
  put(25, 12582912);
  put(26, 2);
  // tanh
  put(27, -5.70498872745e-3);
  put(28, 2.06390887954e-2);
  put(29, -5.37397155531e-2);
  put(30, 1.33314422036e-1);
  put(31, -3.33332819422e-1);
  put(32, 0.625);
  // softplus
  put(33, Mathf.SQRT2);
  put(34, 7.0376836292e-2);
  put(35, -1.151461031e-1);
  put(36, 1.167699874e-1);
  put(37, -1.2420140846e-1);
  put(38, 1.4249322787e-1);
  put(39, -1.6668057665e-1);
  put(40, 2.0000714765e-1);
  put(41, -2.4999993993e-1);
  put(42, 3.3333331174e-1);
  put(43, Mathf.LN2);
}
