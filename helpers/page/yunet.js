// Finds faces as YuNet does (Wu et al. 2023, MIT), from its numbers, in the order of its own file.
// Maps are { x, W, H }: one Float32Array, map after map, each row after row. The loops count in
// whole numbers and take four maps at a time: that is what makes them quick.

function yunet(numbers) {
  const FOUND = 0.6, SAME = 0.3; // scores of this and more are faces; boxes that share more are one
  const CHUNK = 1024; // pixels
  let at = 0;
  const take = (n) => numbers.subarray((at += n) - n, at);
  const mixer = (columns, rows) => ({ rows, columns, w: take(rows * columns), b: take(rows) });
  const unit = (m, n, relu = true) => ({ mixer: mixer(m, n), w: take(9 * n), b: take(n), relu });
  const stem = mixer(27, 16), sizes = [16, 16, 16, 32, 32, 64, 64, 64, 64, 64, 64, 64];
  const body = sizes.slice(1).map((n, k) => unit(sizes[k], n));
  const necks = [32, 16, 8].map(() => unit(64, 64));
  const parts = [1, 4, 1, 10].map((n) => [8, 16, 32].map(() => unit(64, n, false)));
  if (at !== numbers.length) throw new Error(`YuNet: ${numbers.length} numbers, expected ${at}`);
  const heads = [0, 1, 2].map((level) => { // class, box, object, points: four units as one
    const all = (get) => Float32Array.from(parts.flatMap((part) => [...get(part[level])]));
    const whole = { rows: 16, columns: 64, w: all((u) => u.mixer.w), b: all((u) => u.mixer.b) };
    return { mixer: whole, w: all((u) => u.w), b: all((u) => u.b), relu: false };
  });

  function mix(x, n, { rows, columns, w, b }) { // a 1×1 convolution of maps of n pixels
    const y = new Float32Array(rows * n);
    for (let r = 0; r < rows; r++) y.fill(b[r], r * n, (r + 1) * n);
    const at = (r, c) => (c < columns ? w[r * columns + c] : 0);
    const four = (r, c) => [at(r, c), at(r, c + 1), at(r, c + 2), at(r, c + 3)];
    for (let from = 0; from < n; from += CHUNK) { // what stays in the processor's cache
      const size = Math.min(CHUNK, n - from);
      for (let r = 0; r < rows; r += 4) for (let c = 0; c < columns; c += 4) {
        const of = [four(r, c), four(r + 1, c), four(r + 2, c), four(r + 3, c)];
        add(x, y, n, c * n + from, r * n + from, size, ...of);
      }
    }
    return y;
  }
  function add(x, y, n, p, q, size, [a, b, c, d], [e, f, g, h], [i, j, k, l], [m, o, s, t]) {
    for (const end = p + size; p < end; p++, q++) {
      const x0 = x[p], x1 = x[p + n], x2 = x[p + 2 * n], x3 = x[p + 3 * n];
      y[q] += a * x0 + b * x1 + c * x2 + d * x3;
      y[q + n] += e * x0 + f * x1 + g * x2 + h * x3;
      y[q + 2 * n] += i * x0 + j * x1 + k * x2 + l * x3;
      y[q + 3 * n] += m * x0 + o * x1 + s * x2 + t * x3;
    }
  }
  function separable({ x, W, H }, { mixer, w, b, relu }) { // 1×1, then 3×3 of each map by itself
    const n = W * H, V = W + 2, framed = new Float32Array(V * (H + 2)), y = mix(x, n, mixer);
    for (let m = 0, p = 0; m < mixer.rows; m++) {
      for (let r = 0; r < H; r++, p += W) framed.set(y.subarray(p, p + W), (r + 1) * V + 1);
      convolve(framed, V, y, m * n, W, H, w.subarray(9 * m, 9 * m + 9), b[m], relu);
    }
    return { x: y, W, H };
  }
  function convolve(x, V, y, p, W, H, [a, b, c, d, e, f, g, h, i], bias, relu) {
    for (let r = 0; r < H; r++) {
      for (let q = r * V, s = q + V, t = s + V, end = q + W; q < end; q++, s++, t++, p++) {
        const above = a * x[q] + b * x[q + 1] + c * x[q + 2];
        const below = g * x[t] + h * x[t + 1] + i * x[t + 2];
        const z = bias + above + d * x[s] + e * x[s + 1] + f * x[s + 2] + below;
        y[p] = relu && z < 0 ? 0 : z;
      }
    }
  }
  function first(pixels, W, H, step) { // 3×3, every second pixel: a row of 27 shifted ones, mixed
    const w = 16 * Math.ceil(W / 32) | 0, h = 16 * Math.ceil(H / 32) | 0;
    const y = new Float32Array(16 * w * h), taps = new Float32Array(28 * w);
    for (let r = 0; r < h; r++) {
      taps.fill(0);
      for (let k = 2, t = 0; k >= 0; k--) { // of blue, green, red; each from the upper left
        for (let R = 2 * r - 1; R < 2 * r + 2; R++) for (let left = -1; left < 2; left++, t += w) {
          const p = (R * W + left) * step + k, end = Math.min(w, (W - left + 1) >> 1);
          if (R < 0 || R >= H) continue;
          for (let c = left < 0 ? 1 : 0; c < end; c++) taps[t + c] = pixels[p + 2 * c * step];
        }
      }
      const row = mix(taps, w, stem);
      for (let m = 0, p = 0; m < 16; m++) {
        for (let q = (m * h + r) * w, end = q + w; q < end; q++, p++) {
          y[q] = row[p] > 0 ? row[p] : 0;
        }
      }
    }
    return { x: y, W: w, H: h };
  }
  function halved({ x, W, H }) { // the largest of 2×2; W and H are even
    const w = W >> 1, y = new Float32Array(x.length >> 2);
    for (let q = 0, p = 0; q < y.length; p += W) for (const end = q + w; q < end; q++, p += 2) {
      const above = x[p] > x[p + 1] ? x[p] : x[p + 1];
      const below = x[p + W] > x[p + W + 1] ? x[p + W] : x[p + W + 1];
      y[q] = above > below ? above : below;
    }
    return { x: y, W: w, H: H >> 1 };
  }
  function plusDoubled({ x: fine, W, H }, { x, W: w }) { // the coarse maps' pixels, each 2×2 times
    const y = new Float32Array(fine.length);
    for (let q = 0, r = 0; q < y.length; r++) for (let c = 0; c < W; c++, q++) {
      y[q] = fine[q] + x[(r >> 1) * w + (c >> 1)];
    }
    return { x: y, W, H };
  }
  const sigmoid = (z) => 1 / (1 + Math.exp(-z));
  function read({ x, W, H }, stride, found) { // what the head says of each place
    for (let q = 0, n = W * H; q < n; q++) {
      const score = Math.sqrt(sigmoid(x[q]) * sigmoid(x[5 * n + q]));
      if (score < FOUND) continue;
      const of = (k) => x[k * n + q], c = q % W, r = (q - c) / W;
      const point = (k) => [(c + of(k)) * stride, (r + of(k + 1)) * stride], [x0, y0] = point(1);
      const w = Math.exp(of(3)) * stride, h = Math.exp(of(4)) * stride;
      const points = [6, 8, 10, 12, 14].map(point);
      found.push({ score, x: x0 - w / 2, y: y0 - h / 2, w, h, points });
    }
  }
  function shared(f, g) { // of two boxes, the share of their area that both cover
    const w = Math.min(f.x + f.w, g.x + g.w) - Math.max(f.x, g.x);
    const h = Math.min(f.y + f.h, g.y + g.h) - Math.max(f.y, g.y);
    return w > 0 && h > 0 ? (w * h) / (f.w * f.h + g.w * g.h - w * h) : 0;
  }

  // pixels: RGB, one every `step` bytes → faces { score, x, y, w, h, points }, the best first
  return function detect(pixels, W, H, step) {
    const run = (maps, from, to) => body.slice(from, to).reduce(separable, maps), found = [];
    const f8 = run(halved(run(halved(run(first(pixels, W, H, step), 0, 1)), 1, 5)), 5, 7);
    const f16 = run(halved(f8), 7, 9), p32 = separable(run(halved(f16), 9, 11), necks[0]);
    const p16 = separable(plusDoubled(f16, p32), necks[1]);
    const p8 = separable(plusDoubled(f8, p16), necks[2]);
    [p8, p16, p32].forEach((maps, k) => read(separable(maps, heads[k]), 8 << k, found));
    const isNew = (f, kept) => kept.every((g) => shared(f, g) <= SAME);
    found.sort((f, g) => g.score - f.score);
    return found.reduce((kept, f) => (isNew(f, kept) ? [...kept, f] : kept), []);
  };
}
