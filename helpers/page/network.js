// The formulas of section 3, an image at a time. dims: n_0, ..., n_L; numbers: W1, b1, ..., WL, bL.

function network(dims, numbers) {
  const W = [], b = [], L = dims.length - 1;
  for (let l = 1, at = 0; l <= L; l++) {
    W[l] = Array.from({ length: dims[l] }, () => numbers.subarray(at, (at += dims[l - 1])));
    b[l] = numbers.subarray(at, (at += dims[l]));
  }
  function forward(pixels) { // 0 to 255; returns A: image, ReLU, ..., sigmoid
    const A = [Float64Array.from(pixels, (value) => value / 255)];
    for (let l = 1; l <= L; l++) {
      const g = l < L ? (z) => Math.max(z, 0) : (z) => 1 / (1 + Math.exp(-z));
      A[l] = Float64Array.from(W[l], (row, j) => g(dot(row, A[l - 1]) + b[l][j]));
    }
    return A;
  }
  function slope(A) { // of the log-odds with respect to each pixel, its channels together
    let d = Float64Array.of(1);
    for (let l = L; l >= 1; l--) {
      const back = new Float64Array(dims[l - 1]);
      W[l].forEach((row, j) => {
        if (d[j] !== 0) for (let i = 0; i < row.length; i++) back[i] += row[i] * d[j];
      });
      d = l > 1 ? back.map((value, i) => (A[l - 1][i] > 0 ? value : 0)) : back;
    }
    return grey(d);
  }
  return { dims, W, forward, slope };
}

function dot(row, values) {
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] * values[i];
  return sum;
}
function grey(values) { // the sum of each pixel's three
  const sum = (_, i) => values[3 * i] + values[3 * i + 1] + values[3 * i + 2];
  return Float64Array.from({ length: values.length / 3 }, sum);
}
function smooth(values, side) { // a pixel alone is noise: 1 2 1 across, then down, twice
  const mix = (of, step, first, last) =>
    of.map((v, i) => (2 * v + of[first(i) ? i : i - step] + of[last(i) ? i : i + step]) / 4);
  const across = (of) => mix(of, 1, (i) => i % side === 0, (i) => i % side === side - 1);
  const down = (of) => mix(of, side, (i) => i < side, (i) => i >= side * (side - 1));
  return down(across(down(across(values))));
}
