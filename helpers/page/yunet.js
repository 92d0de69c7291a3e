// Finds faces as YuNet does (Wu et al. 2023, MIT), from its numbers, in the order of its own file.
// Maps are { x, W, H }: one Float32Array, map after map, each row after row.

function yunet(numbers) {
  const FOUND = 0.6, SAME = 0.3; // scores of this and more are faces; boxes that share more are one
  let at = 0;
  const take = (n) => numbers.subarray(at, (at += n));
  const mixer = (columns, rows) => ({ rows, columns, w: take(rows * columns), b: take(rows) });
  const unit = (m, n, relu = true) => ({ mixer: mixer(m, n), w: take(9 * n), b: take(n), relu });

  const stem = padded(mixer(27, 16));
  const sizes = [16, 16, 16, 32, 32, 64, 64, 64, 64, 64, 64, 64];
  const body = sizes.slice(1).map((n, k) => unit(sizes[k], n));
  const necks = [32, 16, 8].map(() => unit(64, 64));
  const parts = [1, 4, 1, 10].map((n) => [8, 16, 32].map(() => unit(64, n, false)));
  const heads = [0, 1, 2].map((level) => joined(parts.map((part) => part[level])));
  if (at !== numbers.length) throw new Error(`YuNet: ${numbers.length} numbers, expected ${at}`);

  function padded({ rows, columns, w, b }) { // with a column of zeros: mix takes four at a time
    const wide = new Float32Array(rows * (columns + 1));
    for (let r = 0; r < rows; r++) {
      wide.set(w.subarray(r * columns, (r + 1) * columns), r * (columns + 1));
    }
    return { rows, columns: columns + 1, w: wide, b };
  }
  function joined(units) { // what reads the same maps, as one: class, box, object, points
    const all = (get) => Float32Array.from(units.flatMap((one) => Array.from(get(one))));
    const w = all((one) => one.mixer.w), b = all((one) => one.mixer.b);
    const whole = { rows: b.length, columns: 64, w, b };
    return { mixer: whole, w: all((one) => one.w), b: all((one) => one.b), relu: false };
  }

  // A 1×1 convolution of maps of n pixels, four by four.
  function mix(x, n, { rows, columns, w, b }) {
    const y = new Float32Array(rows * n);
    for (let r = 0; r < rows; r++) y.fill(b[r], r * n, (r + 1) * n);
    for (let r = 0; r < rows; r += 4) {
      for (let c = 0; c < columns; c += 4) add(x, y, n, w, columns, r, c);
    }
    return y;
  }
  function add(x, y, n, w, columns, r, c) {
    const i = r * columns + c, j = i + columns, k = j + columns, l = k + columns;
    const i0 = w[i], i1 = w[i + 1], i2 = w[i + 2], i3 = w[i + 3];
    const j0 = w[j], j1 = w[j + 1], j2 = w[j + 2], j3 = w[j + 3];
    const k0 = w[k], k1 = w[k + 1], k2 = w[k + 2], k3 = w[k + 3];
    const l0 = w[l], l1 = w[l + 1], l2 = w[l + 2], l3 = w[l + 3];
    for (let p = c * n, q = r * n, end = p + n; p < end; p++, q++) {
      const x0 = x[p], x1 = x[p + n], x2 = x[p + 2 * n], x3 = x[p + 3 * n];
      y[q] += i0 * x0 + i1 * x1 + i2 * x2 + i3 * x3;
      y[q + n] += j0 * x0 + j1 * x1 + j2 * x2 + j3 * x3;
      y[q + 2 * n] += k0 * x0 + k1 * x1 + k2 * x2 + k3 * x3;
      y[q + 3 * n] += l0 * x0 + l1 * x1 + l2 * x2 + l3 * x3;
    }
  }

  function separable({ x, W, H }, { mixer, w, b, relu }) { // 1×1, then 3×3 of each map by itself
    const n = W * H, V = W + 2, framed = new Float32Array(V * (H + 2)); // in zeros
    const y = mix(x, n, mixer);
    for (let m = 0; m < mixer.rows; m++) {
      for (let r = 0; r < H; r++) {
        framed.set(y.subarray(m * n + r * W, m * n + (r + 1) * W), (r + 1) * V + 1);
      }
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
    const PW = Math.ceil(W / 32) * 32, PH = Math.ceil(H / 32) * 32, w = PW >> 1, h = PH >> 1;
    const y = new Float32Array(16 * w * h), taps = new Float32Array(28 * w);
    for (let r = 0; r < h; r++) {
      taps.fill(0);
      for (let k = 0, t = 0; k < 3; k++) { // of blue, green, red; each from the upper left
        for (let R = 2 * r - 1; R < 2 * r + 2; R++) for (let left = -1; left < 2; left++, t += w) {
          if (R < 0 || R >= H) continue;
          const from = R * W + left, end = Math.min(w, (W - left + 1) >> 1);
          for (let c = left < 0 ? 1 : 0; c < end; c++) {
            taps[t + c] = pixels[(from + 2 * c) * step + 2 - k];
          }
        }
      }
      const row = mix(taps, w, stem);
      for (let m = 0; m < 16; m++) {
        for (let c = 0, p = m * w, q = (m * h + r) * w; c < w; c++, p++, q++) {
          y[q] = row[p] > 0 ? row[p] : 0;
        }
      }
    }
    return { x: y, W: w, H: h };
  }
  function halved({ x, W, H }) { // the largest of 2×2; W and H are even
    const w = W >> 1, y = new Float32Array(x.length >> 2);
    for (let q = 0, p = 0; q < y.length; p += W) {
      for (const end = q + w; q < end; q++, p += 2) {
        const above = x[p] > x[p + 1] ? x[p] : x[p + 1];
        const below = x[p + W] > x[p + W + 1] ? x[p + W] : x[p + W + 1];
        y[q] = above > below ? above : below;
      }
    }
    return { x: y, W: w, H: H >> 1 };
  }
  function plusDoubled(fine, { x, W }) { // the coarse maps' pixels, each 2×2 times
    const y = new Float32Array(fine.x.length);
    for (let q = 0, r = 0; q < y.length; r++) {
      for (let c = 0; c < fine.W; c++, q++) y[q] = fine.x[q] + x[(r >> 1) * W + (c >> 1)];
    }
    return { x: y, W: fine.W, H: fine.H };
  }

  const sigmoid = (z) => 1 / (1 + Math.exp(-z));
  function read({ x, W, H }, stride, found) { // what the head says of each place
    const n = W * H;
    for (let q = 0; q < n; q++) {
      const score = Math.sqrt(sigmoid(x[q]) * sigmoid(x[5 * n + q]));
      if (score < FOUND) continue;
      const c = q % W, r = Math.floor(q / W), of = (k) => x[k * n + q];
      const w = Math.exp(of(3)) * stride, h = Math.exp(of(4)) * stride;
      const x0 = (c + of(1)) * stride - w / 2, y0 = (r + of(2)) * stride - h / 2;
      const point = (k) => [(c + of(k)) * stride, (r + of(k + 1)) * stride];
      const points = [6, 8, 10, 12, 14].map(point);
      found.push({ score, x: x0, y: y0, w, h, points });
    }
  }
  function shared(f, g) { // of two boxes, the share of their area that both cover
    const w = Math.min(f.x + f.w, g.x + g.w) - Math.max(f.x, g.x);
    const h = Math.min(f.y + f.h, g.y + g.h) - Math.max(f.y, g.y);
    return w > 0 && h > 0 ? (w * h) / (f.w * f.h + g.w * g.h - w * h) : 0;
  }

  // pixels: RGB, one every `step` bytes → faces { score, x, y, w, h, points }, the best first
  return function detect(pixels, W, H, step) {
    const run = (maps, from, to) => body.slice(from, to).reduce(separable, maps);
    const f8 = run(halved(run(halved(run(first(pixels, W, H, step), 0, 1)), 1, 5)), 5, 7);
    const f16 = run(halved(f8), 7, 9), f32 = run(halved(f16), 9, 11);
    const p32 = separable(f32, necks[0]), p16 = separable(plusDoubled(f16, p32), necks[1]);
    const p8 = separable(plusDoubled(f8, p16), necks[2]), found = [];
    [p8, p16, p32].forEach((maps, k) => read(separable(maps, heads[k]), 8 << k, found));
    found.sort((f, g) => g.score - f.score);
    const isNew = (f, kept) => kept.every((g) => shared(f, g) <= SAME);
    return found.reduce((kept, f) => (isNew(f, kept) ? [...kept, f] : kept), []);
  };
}
