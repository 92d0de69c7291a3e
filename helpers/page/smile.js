// From an aligned face to the networks' answer, and what counted: helpers/model.py, step by step.
// Images are (n, n, 3), pixel after pixel; a recipe is that of Python, with its names.

const FLAT = 0.03, LUMINANCE = [0.299, 0.587, 0.114], LEAK = 0.01;
const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const ACTIVATIONS = { // and their slopes
  linear: [(z) => z, () => 1],
  relu: [(z) => Math.max(z, 0), (z) => +(z > 0)],
  leaky_relu: [(z) => Math.max(LEAK * z, z), (z) => (z > 0 ? 1 : LEAK)],
  tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2],
  sigmoid: [sigmoid, (z) => sigmoid(z) * sigmoid(-z)],
};

// The numbers travel as base64: 8 or 16 bits each.
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
function halves(text) { // IEEE 754, 16 bits
  return Float32Array.from(new Uint16Array(bytes(text).buffer), (bits) => {
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = (bits & 1023) / 1024;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction) : 2 ** -14 * fraction);
  });
}

function blurred(plane, n, sigma) { // as scipy.ndimage.gaussian_filter: 4 sigma, then reflected
  const reach = Math.floor(4 * sigma + 0.5), kernel = new Float64Array(2 * reach + 1);
  kernel.forEach((_, i) => (kernel[i] = Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma))));
  const total = kernel.reduce((sum, one) => sum + one, 0), line = new Float64Array(n + 2 * reach);
  const fold = (i) => Math.min((i + 2 * n * reach) % (2 * n), 2 * n - 1 - ((i + 2 * n * reach) % (2 * n)));
  const folded = Int32Array.from(line, (_, i) => fold(i - reach));
  const along = (of, step, across) => {
    const out = new Float64Array(n * n);
    for (let l = 0; l < n; l++) {
      for (let i = 0; i < line.length; i++) line[i] = of[l * across + folded[i] * step];
      for (let i = 0; i < n; i++) {
        let sum = 0;
        for (let k = 0; k < kernel.length; k++) sum += kernel[k] * line[i + k];
        out[l * across + i * step] = sum / total;
      }
    }
    return out;
  };
  return along(along(plane, n, 1), 1, n);
}
function leaning(g, n, sigma) { // which way the grey slopes: strength times cos 2a, and sin 2a
  const cos = new Float64Array(n * n), sin = new Float64Array(n * n);
  const slope = (p, i, step) => {
    const low = i > 0 ? p - step : p, high = i < n - 1 ? p + step : p;
    return (g[high] - g[low]) / ((high - low) / step);
  };
  for (let r = 0, p = 0; r < n; r++) for (let c = 0; c < n; c++, p++) {
    const x = slope(p, c, 1), y = slope(p, r, n), h = Math.max(Math.hypot(x, y), 1e-9);
    cos[p] = (x * x - y * y) / h;
    sin[p] = (2 * x * y) / h;
  }
  return [blurred(cos, n, sigma), blurred(sin, n, sigma)];
}
const meanOf = (x) => x.reduce((sum, v) => sum + v, 0) / x.length;
function spread(planes) { // of all their pixels: mean, standard deviation
  const m = mean(planes.map(meanOf));
  return [m, Math.sqrt(mean(planes.map((x) => meanOf(x.map((v) => (v - m) ** 2)))))];
}

function channels(image, n, recipe) { // three planes, as model.inputs prepares them
  const plane = (value) => Float64Array.from({ length: n * n }, (_, p) => value(3 * p) / 255);
  let planes = [0, 1, 2].map((k) => plane((p) => image[p + k]));
  if (recipe.grey || recipe.directions) {
    planes = [planes[0].map((_, p) => LUMINANCE.reduce((sum, w, k) => sum + w * planes[k][p], 0))];
  }
  if (recipe.local_contrast) planes = planes.map((x) => {
    const around = blurred(x, n, recipe.local_contrast), d = x.map((v, p) => v - around[p]);
    const power = blurred(d.map((v) => v * v), n, recipe.local_contrast);
    return d.map((v, p) => v / (Math.sqrt(power[p]) + FLAT));
  });
  if (recipe.directions) planes.push(...leaning(planes[0], n, recipe.directions));
  if (recipe.standardize) {
    const together = recipe.directions ? null : spread(planes);
    planes = planes.map((x) => {
      const [m, s] = together ?? spread([x]);
      return x.map((v) => (v - m) / Math.max(s, 1e-6));
    });
  }
  return planes.length === 1 ? [planes[0], planes[0], planes[0]] : planes;
}
function flipped(planes, n, recipe) { // those of the mirror image: a slope to the right is one to the left
  const flip = (x, sign) => x.map((_, p) => sign * x[p - (p % n) + n - 1 - (p % n)]);
  return planes.map((x, k) => flip(x, recipe.directions && k === 2 ? -1 : 1));
}
function pictured(planes) { // as Model.given shows them, (n, n, 3)
  const light = planes.every((x) => x.every((v) => v >= 0));
  const shown = planes.map((x) => {
    const s = light ? 1 : Math.max(spread([x])[1], 1e-6);
    return x.map((v) => (light ? 255 * v : 128 + ((127 / 3) * v) / s));
  });
  return Uint8ClampedArray.from({ length: 3 * shown[0].length }, (_, i) => shown[i % 3][(i / 3) | 0]);
}

function network({ dims, first, scales, rest }, activation) { // W1 in 8 bits, a scale for each unit
  const [g, slope] = ACTIVATIONS[activation], whole = new Int8Array(bytes(first).buffer);
  const scale = halves(scales), numbers = halves(rest), W = [], b = [];
  W[1] = Float32Array.from(whole, (v, i) => v * scale[Math.floor(i / dims[0])]);
  for (let l = 1, at = 0; l < dims.length; l++) {
    if (l > 1) W[l] = numbers.subarray(at, (at += dims[l] * dims[l - 1]));
    b[l] = numbers.subarray(at, (at += dims[l]));
  }
  const L = dims.length - 1;
  function forward(x) { // Z of each layer
    const Z = [];
    for (let l = 1, a = x; l <= L; l++, a = Z[l - 1].map(g)) {
      Z[l] = Float64Array.from(b[l]);
      for (let j = 0, w = 0; j < dims[l]; j++) {
        let sum = 0;
        for (let i = 0; i < dims[l - 1]; i++, w++) sum += W[l][w] * a[i];
        Z[l][j] += sum;
      }
    }
    return Z;
  }
  function backward(Z, d, into) { // adds d times the slope of the last Z by each input
    for (let l = L, dZ = [d]; l >= 1; l--) {
      const dA = l > 1 ? new Float64Array(dims[l - 1]) : into;
      for (let j = 0, w = 0; j < dims[l]; j++, w += dims[l - 1]) {
        if (dZ[j]) for (let i = 0; i < dims[l - 1]; i++) dA[i] += W[l][w + i] * dZ[j];
      }
      if (l > 1) dZ = dA.map((v, i) => v * slope(Z[l - 1][i]));
    }
  }
  return { forward, backward, L };
}

// image → { p: probability of class 1, given: a picture, share: of the log-odds, each pixel's }
function judging({ recipe, networks, mean: average }) {
  const n = 64, nets = networks.map((one) => network(one, recipe.hidden_activation));
  const less = average && halves(average);
  return function judge(image) {
    const planes = channels(image, n, recipe), share = new Float32Array(n * n);
    const views = recipe.average_mirror ? [planes, flipped(planes, n, recipe)] : [planes];
    const inputs = views.map((view) => Float64Array.from({ length: 3 * n * n }, (_, i) =>
      recipe.scale * (view[i % 3][(i / 3) | 0] - (less ? less[i] : 0))));
    const Zs = inputs.map((x) => nets.map((net) => net.forward(x)));
    const answers = Zs.map((of) => of.map((Z, k) => sigmoid(Z[nets[k].L][0])));
    const p = mean(answers.map(mean)), odds = recipe.sharpen * Math.log(p / (1 - p));
    inputs.forEach((x, v) => {
      const slopes = new Float64Array(x.length);
      nets.forEach((net, k) => {
        const a = answers[v][k], part = (a * (1 - a)) / Math.max(p * (1 - p), 1e-12);
        net.backward(Zs[v][k], (recipe.sharpen * part) / (nets.length * inputs.length), slopes);
      });
      for (let i = 0; i < x.length; i++) {
        const q = (i / 3) | 0, at = v ? q - (q % n) + n - 1 - (q % n) : q; // back from the mirror
        share[at] += slopes[i] * x[i];
      }
    });
    return { p: sigmoid(odds), given: pictured(planes), share };
  };
}
