// Finds the faces in a photo and puts each in its place: helpers/faces.py, rule by rule.
// A photo is { data, W, H, step }: RGB, one pixel every `step` bytes. Points are [x, y].

const PLACES = [[21, 24], [43, 24], [32, 36], [24, 47], [40, 47]]; // in 64 × 64
const SIDES = [192, 1600], WIDEST = 300, CLOSE = [96, 192];
const SURE = 0.9, AT_LEAST = 0.5, BETTER = 0.02; // scores: other turns are looked at, and taken
const rint = (x) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x)); // as Python
const far = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);
const middle = (points) => [mean(points.map((p) => p[0])), mean(points.map((p) => p[1]))];
const placed = (size) => PLACES.map(([x, y]) => [(x * size) / 64, (y * size) / 64]);

// Where the aligned image's top left corner lies, and one pixel's width: least squares (Umeyama).
// In the plane, turn and scale are one complex number, here [re, im].
function back(points, size) {
  const places = placed(size), [x0, y0] = middle(points), [u0, v0] = middle(places);
  let dot = 0, cross = 0, square = 0;
  points.forEach(([x, y], k) => {
    const a = x - x0, b = y - y0, c = places[k][0] - u0, d = places[k][1] - v0;
    dot += a * c + b * d;
    cross += a * d - b * c;
    square += a * a + b * b;
  });
  const length = (dot * dot + cross * cross) / square, [re, im] = [dot / length, -cross / length];
  return { corner: [x0 - (u0 * re - v0 * im), y0 - (u0 * im + v0 * re)], pixel: [re, im] };
}
function forth({ corner, pixel: [re, im] }, [u, v]) { // from the aligned image to the photo
  return [corner[0] + u * re - v * im, corner[1] + u * im + v * re];
}
// The image (size, size, 3) from there: each pixel the mean of what it covers of the photo.
function sample({ data, W, H, step }, { corner, pixel }, size) {
  const steps = Math.max(1, Math.ceil(Math.hypot(...pixel))), sums = new Float64Array(3);
  const re = pixel[0] / steps, im = pixel[1] / steps, image = new Uint8Array(3 * size * size);
  for (let r = 0, at = 0; r < size; r++) for (let c = 0; c < size; c++, at += 3) {
    sums.fill(0);
    for (let i = 0; i < steps; i++) for (let j = 0; j < steps; j++) {
      const u = c * steps + j + 0.5, v = r * steps + i + 0.5;
      const x = Math.min(Math.max(corner[0] + re * u - im * v - 0.5, 0), W - 1);
      const y = Math.min(Math.max(corner[1] + im * u + re * v - 0.5, 0), H - 1);
      const x0 = x | 0, y0 = y | 0, s = x - x0, t = y - y0, p = (y0 * W + x0) * step;
      const right = x0 < W - 1 ? step : 0, q = y0 < H - 1 ? p + W * step : p;
      for (let k = 0; k < 3; k++) {
        const above = (1 - s) * data[p + k] + s * data[p + right + k];
        sums[k] += (1 - t) * above + t * ((1 - s) * data[q + k] + s * data[q + right + k]);
      }
    }
    for (let k = 0; k < 3; k++) image[at + k] = rint(Math.fround(sums[k] / steps ** 2));
  }
  return image;
}

// Pillow's bilinear resize in one direction: `lines` lines of n pixels become lines of m.
function squeezed(data, n, m, lines, pixel, line, outPixel, outLine) {
  const out = new Uint8Array(3 * m * lines), scale = n / m, support = Math.max(scale, 1);
  for (let i = 0; i < m; i++) {
    const centre = (i + 0.5) * scale, from = Math.max(0, Math.trunc(centre - support + 0.5));
    const to = Math.min(n, Math.trunc(centre + support + 0.5));
    const weight = (_, x) => Math.max(1 - Math.abs(from + x - centre + 0.5) / support, 0);
    const near = Array.from({ length: to - from }, weight), total = sum(near);
    const w = Float64Array.from(near, (one) => Math.floor((one / total) * 2 ** 22 + 0.5));
    for (let l = 0; l < lines; l++) for (let k = 0; k < 3; k++) {
      let all = 2 ** 21; // whole numbers, as Pillow's
      for (let x = 0, p = l * line + from * pixel + k; x < w.length; x++, p += pixel) {
        all += w[x] * data[p];
      }
      out[l * outLine + i * outPixel + k] = Math.floor(all / 2 ** 22);
    }
  }
  return out;
}
function reduced({ data, W, H, step }, w, h) {
  if (w === W && h === H) return { data, W, H, step };
  const wide = squeezed(data, W, w, H, step, W * step, 3, 3 * w);
  return { data: squeezed(wide, H, h, w, 3 * w, 3, 3 * w, 3), W: w, H: h, step: 3 };
}
// Another photo of its pixels: which one, says place(row, column) → [row, column].
function rearranged({ data, W, step }, w, h, place) {
  const out = new Uint8Array(3 * w * h);
  for (let r = 0, q = 0; r < h; r++) for (let c = 0; c < w; c++) {
    const [y, x] = place(r, c), p = (y * W + x) * step;
    for (let k = 0; k < 3; k++, q++) out[q] = data[p + k];
  }
  return { data: out, W: w, H: h, step: 3 };
}
const mirrored = (of) => rearranged(of, of.W, of.H, (r, c) => [r, of.W - 1 - c]);
function framed(photo, m) { // its edge goes on for m pixels
  const within = (i, n) => (i < m ? 0 : i < m + n ? i - m : n - 1);
  const place = (r, c) => [within(r, photo.H), within(c, photo.W)];
  return rearranged(photo, photo.W + 2 * m, photo.H + 2 * m, place);
}
function turned(photo, turns) { // np.rot90
  const quarter = () => rearranged(photo, photo.H, photo.W, (r, c) => [c, photo.W - 1 - r]);
  return turns ? turned(quarter(), turns - 1) : photo;
}
function quarterTurn(points, W, H, turns) { // where the points lie after it
  const once = () => points.map(([x, y]) => [y, W - x]);
  return turns % 4 ? quarterTurn(once(), H, W, ((turns + 4) % 4) - 1) : points;
}
function quarterTurns(points) { // how many until this face stands upright
  const [re, im] = back(points, 64).pixel;
  return (rint(Math.atan2(im, re) / (Math.PI / 2)) + 4) % 4;
}

function finder(detect) {
  function look(photo, scale) { // faces { points, width, score }, found in the photo at that scale
    const w = Math.max(1, rint(photo.W * scale)), h = Math.max(1, rint(photo.H * scale));
    const m = rint(0.15 * Math.max(w, h)), image = framed(reduced(photo, w, h), m);
    const found = detect(image.data, image.W, image.H, image.step).filter((f) => f.w <= WIDEST);
    const within = ([x, y]) => [((x - m) * photo.W) / w, ((y - m) * photo.H) / h];
    return found.map((f) => ({ ...f, points: f.points.map(within), width: f.w / scale }));
  }
  function first(photo, finely) {
    const [coarse, fine] = SIDES.map((side) => side / Math.max(photo.W, photo.H)), faces = [];
    const scales = new Set(finely ? [coarse, Math.max(coarse, Math.min(fine, 1))] : [coarse]);
    for (const scale of scales) for (const f of look(photo, scale)) { // the coarse one comes first
      const isNew = (g) => far(f.points[2], g.points[2]) > (f.width + g.width) / 4;
      if (faces.every(isNew)) faces.push(f); // its nose is not another's
    }
    return faces.sort((f, g) => g.width - f.width);
  }
  // Better points: means of looks at the face alone; and the scores of those that saw it.
  function closer(photo, points, sizes = CLOSE, mirrors = [false, true]) {
    const looks = [], scores = [];
    for (const size of sizes) for (const mirror of mirrors) {
      const where = back(points, size), places = placed(size);
      const view = { data: sample(photo, where, size), W: size, H: size, step: 3 };
      const off = (f) => sum(f.points.map((p, k) => far(p, places[k]) ** 2));
      const [best] = look(mirror ? mirrored(view) : view, 1).sort((f, g) => off(f) - off(g));
      if (!best) continue;
      const unmirrored = (k) => [size - best.points[k][0], best.points[k][1]];
      const marks = mirror ? [1, 0, 2, 4, 3].map(unmirrored) : best.points;
      looks.push(marks.map((p) => forth(where, p)));
      scores.push(best.score);
    }
    if (looks.length) points = points.map((_, k) => middle(looks.map((marks) => marks[k])));
    return { points, scores };
  }
  function upright(photo) {
    const looks = first(photo, true).map((f) => ({ ...closer(photo, f.points), score: f.score }));
    const scores = looks.map((f) => (f.score + sum(f.scores) / 4) / 2); // 0 of one that saw none
    return { faces: looks.map((f) => f.points), score: Math.max(0, ...scores) };
  }
  function find(photo) { // points of all faces, the largest first, however the photo lies
    let best = upright(photo), view = photo;
    for (const turns of best.score < SURE ? [1, 2, 3] : []) {
      view = turned(view, 1);
      const { W, H } = view, found = upright(view);
      if (found.score <= Math.max(best.score + BETTER, AT_LEAST)) continue;
      const faces = found.faces.map((points) => quarterTurn(points, W, H, 4 - turns));
      best = { faces, score: found.score };
    }
    return best.faces;
  }
  return { first, closer, find };
}
