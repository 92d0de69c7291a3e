// To watch: a training, moment by moment, at several rates.

const side = data.side, m = data.labels.length, last = data.moments.length - 1;
const steps = data.moments[last];
const films = data.films.map(({ rate, units, costs, answers, weights }) => {
  const image = new Image(); // a row a moment, a column a unit
  image.src = `data:image/jpeg;base64,${weights}`;
  return { rate, units, image, costs: floats(costs), answers: bytes(answers) };
});
let film = films[data.story], playing = 0;
let at = last; // between two moments, both are shown, mixed

// -- Three pictures

const weights = sheet("3 / 2", (context, w, h) => {
  const cell = Math.min(w / 3, h / 2), k = Math.floor(at);
  const rows = [[k, 1], [Math.min(k + 1, last), at - k]];
  for (const [row, alpha] of rows) film.units.forEach((_, u) => {
    const x = (w - 3 * cell) / 2 + (u % 3) * cell + 3, y = Math.floor(u / 3) * cell + 3;
    context.globalAlpha = alpha;
    context.drawImage(film.image, u * side, row * side, side, side, x, y, cell - 6, cell - 6);
  });
}, { class: "weights", "aria-label": "Los pesos que aprendieron seis unidades" });

const dots = sheet("3 / 2", (context, w, h) => {
  const x = (p) => 6 + p * (w - 12), base = h - 18, k = Math.floor(at), t = at - k;
  const before = answers(k), after = answers(Math.min(k + 1, last));
  context.fillStyle = look("--zone");
  context.fillRect(x(0.3), 0, x(0.7) - x(0.3), base);
  context.strokeStyle = context.fillStyle = look("--dim");
  context.textAlign = "center";
  for (const p of [0, 0.5, 1]) context.fillText(p, clamp(x(p), 8, w - 8), h - 4);
  context.setLineDash([3, 3]);
  line(context, [[x(0.5), 0], [x(0.5), base]]);
  context.globalAlpha = 0.55;
  const colors = [look("--class0"), look("--class1")];
  data.labels.forEach((label, i) => {
    const p = ((1 - t) * before[i] + t * after[i] + 0.5) / 256, place = (i * 0.618034) % 1;
    context.fillStyle = colors[label];
    disc(context, x(p), ((label ? 0.04 : 0.54) + 0.42 * place) * base, m > 1000 ? 1.5 : 2.6);
  });
}, { "aria-label": "Lo que responde a las imágenes de entrenamiento, un punto cada una" });

const curve = sheet("3 / 2", (context, w, h) => {
  const left = 26, base = h - 18, now = Math.round(steps * (at / last) ** 2);
  const x = (step) => left + (w - left - 8) * Math.sqrt(step / steps);
  const y = (cost) => base - (base - 4) * Math.min(cost, 1.1);
  context.fillStyle = look("--dim");
  context.strokeStyle = look("--line");
  for (const cost of [0, 0.5, 1]) {
    context.fillText(cost, 2, y(cost) + 4);
    line(context, [[left, y(cost)], [w, y(cost)]]);
  }
  context.textAlign = "center";
  const marked = [0, 100, 500, 1000, 2000].filter((step) => step < 0.6 * steps).concat(steps);
  for (const step of marked) context.fillText(comma(step), Math.min(x(step), w - 16), h - 4);
  context.strokeStyle = context.fillStyle = look("--class0");
  const points = Array.from(film.costs, (cost, step) => [x(step), y(cost)]);
  for (const [until, alpha] of [[steps, 0.22], [now, 1]]) {
    context.globalAlpha = alpha;
    line(context, points.slice(0, until + 1).filter((point) => point.every(Number.isFinite)));
  }
  disc(context, x(now), Math.max(y(film.costs[now]) || 0, 5), 5);
}, { "aria-label": "El costo en cada paso" });

const answers = (k) => film.answers.subarray(k * m, (k + 1) * m);
function line(context, points) {
  context.beginPath();
  for (const point of points) context.lineTo(...point);
  context.stroke();
}
function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 7);
  context.fill();
}

// -- The player

function pause() {
  clearInterval(playing);
  playing = 0;
  refresh();
}
function play() { // seven seconds; in steps, where motion is unwelcome
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  if (at >= last) at = 0;
  playing = setInterval(() => {
    at = Math.min(calm ? Math.floor(at) + 1 : at + last / 200, last);
    if (at === last) pause();
    else refresh();
  }, calm ? 700 : 35);
  refresh();
}
function jump() {
  at = +slider.value;
  pause();
}
async function open(i) {
  await films[i].image.decode();
  film = films[i];
  refresh();
}
function refresh() {
  const k = Math.round(at), now = answers(k), cost = film.costs[data.moments[k]];
  const right = data.labels.filter((y, i) => +(now[i] > 127) === y).length;
  slider.value = k;
  step.textContent = `paso ${comma(data.moments[k])}`;
  slider.setAttribute("aria-valuetext", `${step.textContent} de ${comma(steps)}`);
  player.textContent = playing ? "❚❚ Pausa" : "▶ Mírala aprender";
  rights.textContent = `Acierta ${Math.round((100 * right) / m)} % de ${comma(m)} imágenes`;
  costs.textContent = `Costo J: ${Number.isFinite(cost) ? cost.toFixed(3) : "se desbordó"}`;
  if (!playing) status.say(`${step.textContent}: ${rights.textContent}. ${costs.textContent}`);
  for (const each of [weights, dots, curve]) each.redraw();
}

const slider = range("Momento del entrenamiento", 0, last, 1, { value: last, oninput: jump });
const step = el("span", { class: "value" }), status = speaker();
const player = button("", () => (playing ? pause() : play()), { class: "main play" });
const rates = films.map((each, i) => [i, each.rate]);
const [units, rights, costs] = ["Lo que aprendieron seis unidades", "", ""].map(legend);
const [no, yes] = data.classes.map((name, c) => el("b", { class: `ink${c}` }, `● ${name} `));

root.append(el("section", { class: "card watch", "aria-label": data.title },
  div("player", player, slider, step, films.length > 1
    ? radios("rate", "Tasa α", rates, data.story, open) : ""),
  div("", units, weights, colours("si se aclara,")),
  div("", rights, dots, small(yes, no, "según la etiqueta; abajo, ŷ")),
  div("", costs, curve, small("En cada paso (el eje se aprieta hacia el final).")),
  status));
open(data.story);
