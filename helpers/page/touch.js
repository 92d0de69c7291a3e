// To touch: a face, what is done to it, and what the network says of it.

const side = data.side, size = 3 * side * side, packed = bytes(data.faces);
const faces = data.labels.map((_, i) => packed.subarray(size * i, size * (i + 1)));
const net = network(data.network), board = easel(side, faces);
const ask = (pixels) => net.forward(Float64Array.from(pixels, (value) => value / 255));
const opinion = ({ A }) => A.at(-1)[0];
const untouched = faces.map((face) => opinion(ask(face)));
const brush = { tool: "light", radius: 3 };
let passed, image, over = "none", painting = null, waiting = false;
let cursor = { x: side / 2, y: side * 0.72, shown: false };

// -- What is shown

function refresh() { // computing takes a millisecond; to draw more often than the screen is no use
  image = board.seen();
  passed = ask(image);
  if (!waiting) requestAnimationFrame(draw);
  waiting = true;
}
function draw() {
  waiting = false;
  const p = opinion(passed), before = untouched[board.chosen];
  says.show(p);
  ghost.style.left = `${100 * before}%`;
  truth.textContent =
    `Es: ${data.classes[data.labels[board.chosen]]}. Sin tocarla: ${shown(before)}`;
  back.disabled = !board.past.length;
  lit.textContent = `Encendidas: ${units.show(passed.A, over)}`;
  meaning.hidden = over === "none";
  status.say(`La red dice: ${word(p)}, ${shown(p)}`);
  stage.redraw();
}
function sync() { // the controls, to what undo or another face has made of them
  for (const [name, input] of Object.entries(inputs)) {
    const to = board.moves[name], words = `${to}${input.unit}`;
    Object.assign(input, { value: to, checked: to });
    if (input.unit) set(input, { "aria-valuetext": words }).nextSibling.textContent = words;
  }
  chooser.querySelectorAll("input")[board.chosen].checked = true;
  refresh();
}
const slope = () => grey(net.backward(passed)); // of the log-odds, by each pixel
const opaque = (pixels) => picture(side, (i) => [...pixels.subarray(3 * i, 3 * i + 3), 255]);

function paint(context, w, h) {
  context.imageSmoothingEnabled = false;
  context.drawImage(opaque(image), 0, 0, w, h);
  context.imageSmoothingEnabled = true;
  if (over !== "none") {
    const values = over === "slope" ? smooth(slope(), side) : units.weighs[over];
    context.drawImage(tile(side, values, 150), 0, 0, w, h);
  }
  const place = (x) => ((x + 0.5) * w) / side;
  if (cursor.shown) for (const [color, width] of [["#000", 3], ["#fff", 1.5]]) {
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.beginPath();
    context.arc(place(cursor.x), place(cursor.y), place(brush.radius), 0, 7);
    context.stroke();
  }
}

// -- Drawing: mouse, finger and keys

const stop = () => { painting = null; };
function start(at) {
  hint.remove();
  board.remember();
  strokeTo(at, at);
}
function strokeTo(to, from = painting) {
  board.stroke(from, to, brush);
  painting = to;
  refresh();
}
function place(event) {
  const box = stage.getBoundingClientRect(), scale = side / box.width;
  const [x, y] = [event.clientX - box.left, event.clientY - box.top];
  return { x: x * scale - 0.5, y: y * scale - 0.5 };
}
function point() { // a cursor where the mouse is, or where keys have moved it
  cursor.shown = stage.matches(":focus-visible");
  stage.redraw();
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const stage = sheet("1", paint, {
  class: "stage",
  tabindex: 0,
  role: "application",
  "aria-label": "La cara. Con las flechas mueves el pincel; con la barra espaciadora pintas.",
  onfocus: point,
  onblur: () => { stop(); point(); },
  onpointerleave: point,
  onpointerup: stop,
  onpointercancel: stop,
  onpointerdown(event) {
    if (event.button) return;
    stage.setPointerCapture(event.pointerId);
    start(place(event));
  },
  onpointermove(event) {
    cursor = { ...place(event), shown: event.pointerType !== "touch" };
    if (painting) for (const each of event.getCoalescedEvents?.() ?? []) strokeTo(place(each));
    if (painting) strokeTo(place(event));
    else stage.redraw();
  },
  onkeydown(event) {
    const arrow = ARROWS[event.key], pace = event.shiftKey ? 4 : 1;
    if (!arrow && event.key !== " ") return;
    event.preventDefault();
    const to = (at, way) => clamp(Math.round(at) + way * pace, 0, side - 1);
    if (arrow) cursor = { x: to(cursor.x, arrow[0]), y: to(cursor.y, arrow[1]) };
    cursor.shown = true;
    if (arrow && painting) strokeTo({ ...cursor });
    else if (!arrow && !painting) start({ ...cursor });
    stage.redraw();
  },
  onkeyup: (event) => { if (event.key === " ") stop(); },
});
root.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "z") return;
  event.preventDefault();
  undo();
});

// -- What there is to touch

const inputs = {};
function moves(name, input, unit) {
  let fresh = true; // one drag is one step back
  inputs[name] = Object.assign(input, { unit });
  return set(input, {
    onchange: () => { fresh = true; },
    oninput() {
      if (fresh) board.remember();
      fresh = false;
      board.moves[name] = unit ? +input.value : input.checked;
      sync();
    },
  });
}
function slider(name, text, low, high, step, unit) {
  const input = moves(name, range(text, low, high, step), unit);
  return el("label", { class: "slider" }, text, input, el("span", { class: "value" }));
}
const toggle = (name, text) => choice(moves(name, el("input", { type: "checkbox" })), text);

function thumb(label, i) {
  const right = +(untouched[i] > 0.5) === label, says = right ? "acierta" : "se equivoca";
  const title = `Cara ${i + 1}: ${data.classes[label]}; la red ${says}`;
  const words = el("span", { class: "hidden" }, title);
  const mark = { class: right ? "thumb" : "thumb wrong", title };
  return [i, el("span", mark, opaque(faces[i]), words)];
}
function lookAt(unit) { // chosen twice, it is let go again
  over = unit === over ? "none" : unit;
  layer.value = over;
  stage.scrollIntoView({ block: "nearest" }); // on a telephone it may be out of sight
  refresh();
}
function undo() {
  board.undo();
  sync();
}
function put(chosen) {
  board.put(chosen);
  sync();
}

const units = diagram(net, data.brightest, lookAt), status = speaker(), lit = small();
const ghost = el("i", { class: "ghost" }), says = answer(ghost), truth = small();
const hint = el("span", { class: "hint" }, "Dibuja aquí, con el dedo o el ratón");
const meaning = colours("si se aclara, empuja"), back = button("↶ Deshacer", undo);
const chooser = radios("face", "Escoge una cara", data.labels.map(thumb), 0, put);
chooser.firstChild.append(el("span", { class: "small" }, "  marco magenta: la red se equivoca"));
const weighs = units.weighs.map((_, j) => [j, `lo que pesa la unidad ${j + 1}`]);
const layers = [["none", "nada"], ["slope", "los píxeles que cuentan"], ...weighs];
const options = layers.map(([value, text]) => el("option", { value }, text));
const layer = el("select", { onchange: () => lookAt(layers[layer.selectedIndex][0]) }, ...options);
const tools = [["light", "Luz"], ["dark", "Sombra"], ["smudge", "Difuminar"]];
const resize = (event) => { brush.radius = +event.target.value; };
const width = range("Pincel", 1, 8, 0.5, { value: brush.radius, oninput: resize });

root.append(el("section", { class: "card touch", "aria-label": data.title },
  set(chooser, { class: "faces" }),
  div("answer", says.node, truth),
  div("easel",
    div("paper", stage, hint), el("label", { class: "row" }, "Ver encima: ", layer), meaning),
  div("tools",
    radios("tool", "Pinta sobre la cara", tools, brush.tool, (tool) => { brush.tool = tool; }),
    el("label", { class: "slider" }, "Pincel", width),
    div("row", back, button("Como estaba", () => put(board.chosen)))),
  div("moves",
    legend("Muévela"),
    slider("dx", "A los lados", -12, 12, 1, " px"),
    slider("dy", "Arriba, abajo", -12, 12, 1, " px"),
    slider("turn", "Girar", -45, 45, 1, "°"),
    slider("light", "Luz", 10, 190, 5, " %"),
    div("row", toggle("mirror", "En espejo"), toggle("negative", "En negativo"))),
  div("net",
    legend("Las unidades que se encienden"), units.node, lit,
    small("Toca un cuadro y verás, encima de la cara, lo que pesa esa unidad.")),
  status));
sync();
host.page = { slope, image: () => image, answer: () => opinion(passed) };
