// From an aligned face to the networks' answer, and what counted: helpers/model.py, step by step.
// Images are (N, N, 3), pixel after pixel; planes are one channel of them. Recipes are Python's.

const FLAT = 0.03, LUMINANCE = [0.299, 0.587, 0.114];
let N = 64; // the side of the image that is being judged

function blurred(plane, sigma) { // as scipy.ndimage.gaussian_filter: up to 4 sigma, edge reflected
  const reach = Math.floor(4 * sigma + 0.5), line = new Float64Array(N + 2 * reach);
  const bell = (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma * sigma));
  const kernel = Float64Array.from({ length: 2 * reach + 1 }, bell), total = sum(kernel);
  const inside = Int32Array.from(line, (_, i) => {
    const k = (i - reach + 2 * N * reach) % (2 * N);
    return Math.min(k, 2 * N - 1 - k);
  });
  const along = (of, step, across) => {
    const out = new Float64Array(N * N);
    for (let l = 0; l < N; l++) {
      for (let i = 0; i < line.length; i++) line[i] = of[l * across + inside[i] * step];
      for (let i = 0; i < N; i++) {
        let all = 0;
        for (let k = 0; k < kernel.length; k++) all += kernel[k] * line[i + k];
        out[l * across + i * step] = all / total;
      }
    }
    return out;
  };
  return along(along(plane, N, 1), 1, N);
}
function leaning(g, sigma) { // which way the grey slopes: its strength times cos 2a, and sin 2a
  const cos = new Float64Array(N * N), sin = new Float64Array(N * N);
  const slope = (p, i, step) => (i === 0 ? g[p + step] - g[p]
    : i === N - 1 ? g[p] - g[p - step] : (g[p + step] - g[p - step]) / 2);
  for (let r = 0, p = 0; r < N; r++) for (let c = 0; c < N; c++, p++) {
    const x = slope(p, c, 1), y = slope(p, r, N), h = Math.max(Math.hypot(x, y), 1e-9);
    cos[p] = (x * x - y * y) / h;
    sin[p] = (2 * x * y) / h;
  }
  return [blurred(cos, sigma), blurred(sin, sigma)];
}
function spread(planes) { // of all their pixels: mean, standard deviation
  const m = mean(planes.map(mean));
  return [m, Math.sqrt(mean(planes.map((x) => mean(x.map((v) => (v - m) ** 2)))))];
}
function channels(image, { grey, local_contrast, directions, standardize }) { // three planes
  const plane = (value) => Float64Array.from({ length: N * N }, (_, p) => value(3 * p) / 255);
  const light = (p) => sum(LUMINANCE.map((w, k) => w * image[p + k]));
  const colour = (k) => plane((p) => image[p + k]);
  let planes = grey || directions ? [plane(light)] : [0, 1, 2].map(colour);
  if (local_contrast) planes = planes.map((x) => {
    const around = blurred(x, local_contrast), d = x.map((v, p) => v - around[p]);
    const power = blurred(d.map((v) => v * v), local_contrast);
    return d.map((v, p) => v / (Math.sqrt(power[p]) + FLAT));
  });
  if (directions) planes.push(...leaning(planes[0], directions));
  if (standardize) planes = planes.map((x, _, all) => { // each channel, or all of them as one
    const [m, s] = spread(directions ? [x] : all);
    return x.map((v) => (v - m) / Math.max(s, 1e-6));
  });
  return [0, 1, 2].map((k) => planes[k] ?? planes[0]);
}
function flipped(planes, { directions }) { // those of the mirror image: there, sin 2a is -sin 2a
  const flip = (x, sign) => x.map((_, p) => sign * x[p - (p % N) + N - 1 - (p % N)]);
  return planes.map((x, k) => flip(x, directions && k === 2 ? -1 : 1));
}
function pictured(planes) { // as Model.given shows them, (N, N, 3)
  const isLight = planes.every((x) => x.every((v) => v >= 0));
  const sizes = planes.map((x) => (isLight ? 1 / 255 : (Math.max(spread([x])[1], 1e-6) * 3) / 127));
  const shown = (_, i) => planes[i % 3][(i / 3) | 0] / sizes[i % 3] + (isLight ? 0 : 128);
  return Uint8ClampedArray.from({ length: 3 * N * N }, shown);
}

// image → { p: probability of class 1, given: a picture, share: each pixel's, of the log-odds }
function judging({ recipe, networks, mean: average, side }) {
  const nets = networks.map((one) => network(one, recipe.hidden_activation));
  const less = average ? halves(average) : new Float32Array(3 * side * side), k = recipe.sharpen;
  return function judge(image) {
    N = side;
    const planes = channels(image, recipe), share = new Float32Array(N * N);
    const views = recipe.average_mirror ? [planes, flipped(planes, recipe)] : [planes];
    const input = (view) => (m, i) => recipe.scale * (view[i % 3][(i / 3) | 0] - m);
    const inputs = views.map((view) => Float64Array.from(less, input(view)));
    const passed = inputs.map((x) => nets.map((net) => net.forward(x)));
    const answers = passed.map((of) => of.map(({ A }) => A.at(-1)[0]));
    const p = mean(answers.map(mean));
    inputs.forEach((x, v) => {
      const slopes = new Float64Array(x.length);
      nets.forEach((net, n) => { // log-odds of the mean: each answer weighs as its own slope
        const weight = (answers[v][n] * (1 - answers[v][n])) / Math.max(p * (1 - p), 1e-12);
        net.backward(passed[v][n], (k * weight) / (nets.length * inputs.length), slopes);
      });
      for (let i = 0; i < x.length; i++) {
        const q = (i / 3) | 0, at = v ? q - (q % N) + N - 1 - (q % N) : q; // back from the mirror
        share[at] += slopes[i] * x[i];
      }
    });
    return { p: sigmoid(k * Math.log(p / (1 - p))), given: pictured(planes), share };
  };
}
