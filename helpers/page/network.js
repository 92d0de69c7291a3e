// The formulas of section 3, an image at a time: forward, and back to what counted.

const LEAK = 0.01, ACTIVATIONS = { // and their slopes
  linear: [(z) => z, () => 1],
  relu: [(z) => Math.max(z, 0), (z) => +(z > 0)],
  leaky_relu: [(z) => Math.max(LEAK * z, z), (z) => (z > 0 ? 1 : LEAK)],
  tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2],
  sigmoid: [sigmoid, (z) => sigmoid(z) * sigmoid(-z)],
};
// dims: n_0, ..., n_L; first: W1, in 16 bits or, with scales, in 8; rest: b1, W2, ...
function network({ dims, first, scales, rest }, hidden = "relu") {
  const L = dims.length - 1, W = [], b = [], numbers = halves(rest);
  const [g, slope] = ACTIVATIONS[hidden];
  const scale = scales && halves(scales), whole = scales && new Int8Array(bytes(first).buffer);
  const W1 = whole ? Float32Array.from(whole, (v, i) => v * scale[Math.floor(i / dims[0])])
    : halves(first);
  for (let l = 1, at = 0; l <= L; l++) {
    const n = dims[l - 1], [of, from] = l > 1 ? [numbers, at] : [W1, 0];
    W[l] = Array.from({ length: dims[l] }, (_, j) => of.subarray(from + j * n, from + (j + 1) * n));
    if (l > 1) at += n * dims[l];
    b[l] = numbers.subarray(at, (at += dims[l]));
  }
  function forward(x) { // A and Z of each layer; A[0] is the image
    const A = [x], Z = [];
    for (let l = 1; l <= L; l++) {
      Z[l] = Float64Array.from(W[l], (row, j) => dot(row, A[l - 1]) + b[l][j]);
      A[l] = Z[l].map(l < L ? g : sigmoid);
    }
    return { A, Z };
  }
  function backward({ Z }, d = 1, into = new Float64Array(dims[0])) { // adds d times the slope of
    for (let l = L, dZ = [d]; l >= 1; l--) { // the last Z, the log-odds, by each input
      const dA = l > 1 ? new Float64Array(dims[l - 1]) : into;
      dZ.forEach((d, j) => d && add(dA, W[l][j], d));
      if (l > 1) dZ = dA.map((v, i) => v * slope(Z[l - 1][i]));
    }
    return into;
  }
  return { dims, W, forward, backward };
}
function dot(row, a) {
  let all = 0;
  for (let i = 0, n = row.length; i < n; i++) all += row[i] * a[i];
  return all;
}
function add(dA, row, d) {
  for (let i = 0, n = row.length; i < n; i++) dA[i] += row[i] * d;
}
