// What every page stands on: its place, the theme, and small tools. base.py joins the scripts of a
// page into one function of (data, style), and calls it after an element of its own.

const host = document.currentScript.previousElementSibling;
const root = host.attachShadow({ mode: "open" }); // neither changes the other's style
const frame = window.frameElement, around = (frame?.ownerDocument ?? document).body;
const system = matchMedia("(prefers-color-scheme: dark)");
const redraws = []; // what the theme changes, and style sheets cannot

root.append(el("style", {}, style));
theme();
system.addEventListener("change", theme);
new MutationObserver(theme).observe(around, { attributes: true });
if (frame) new ResizeObserver(() => {
  frame.style.height = `${host.offsetHeight + 2}px`;
}).observe(host);

function theme() { // Jupyter's or VS Code's where the page is in one, else the system's
  const jupyter = around.dataset.jpThemeLight;
  const code = around.className.match(/vscode-(light|dark|high-contrast)/);
  const dark = jupyter ? jupyter === "false" : code ? code[1] !== "light" : system.matches;
  host.classList.toggle("dark", dark);
  // A frame is see-through only where it and its page agree on this.
  if (frame) for (const one of [frame, document.documentElement]) {
    one.style.colorScheme = dark ? "dark" : "light";
  }
  for (const redraw of redraws) redraw();
}

// -- Numbers and words

const comma = (n) => n.toLocaleString("en-US"); // as in Mexico
const shown = (p) => (p > 0.99 ? "ŷ > 0.99" : p < 0.01 ? "ŷ < 0.01" : `ŷ = ${p.toFixed(2)}`);
const isDoubt = (p) => p >= 0.3 && p <= 0.7;
const word = (p) => (isDoubt(p) ? "dudosa" : data.classes[+(p > 0.5)]);
const look = (name) => getComputedStyle(host).getPropertyValue(name).trim(); // of the style

// -- Elements

function el(tag, attributes = {}, ...children) {
  const node = set(document.createElement(tag), attributes);
  node.append(...children);
  return node;
}
function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}
const div = (name, ...children) => el("div", { class: name }, ...children);
const blank = (width, height) => el("canvas", { width, height });
const small = (...children) => el("p", { class: "small" }, ...children);
const legend = (text) => div("legend", text);
const button = (text, onclick, more) => el("button", { type: "button", onclick, ...more }, text);
const range = (text, min, max, step, more) =>
  el("input", { type: "range", "aria-label": text, min, max, step, ...more });
const choice = (input, text) => // a box or a dot to tick that looks like a button
  el("label", { class: "choice" }, input, el("span", {}, text));

function radios(name, text, options, chosen, change) {
  const choices = options.map(([value, words]) => {
    const more = { checked: value === chosen, onchange: () => change(value) };
    return choice(el("input", { type: "radio", name, value, ...more }), words);
  });
  return el("fieldset", {}, el("legend", {}, text), ...choices);
}
function colours(start) { // what orange and blue say
  const [blue, orange] = ["azul", "Naranja"].map((text, c) => el("b", { class: `ink${c}` }, text));
  const [no, yes] = data.classes;
  return small(orange, `: ${start} hacia «${yes}»; `, blue, `: hacia «${no}».`);
}
function answer(...marks) { // what a network says: in words, in numbers, on a bar
  const verdict = el("b"), number = el("span", { class: "number" });
  const needle = el("i", { class: "needle" }), [no, yes] = data.classes;
  const zones = [no, "dudosa", yes].map((text) => el("span", {}, text));
  const bar = set(div("bar", ...zones, ...marks, needle), { "aria-hidden": true });
  const show = (p) => {
    verdict.textContent = word(p);
    verdict.className = isDoubt(p) ? "verdict" : `verdict ink${+(p > 0.5)}`;
    number.textContent = shown(p);
    needle.style.left = `${100 * p}%`;
  };
  return { node: div("", div("says", verdict, number), bar), show };
}
function speaker() { // for who listens: not while it changes
  const node = el("div", { class: "hidden", role: "status", "aria-live": "polite" });
  let waiting;
  node.say = (words) => {
    clearTimeout(waiting);
    if (node.textContent !== words) waiting = setTimeout(() => node.replaceChildren(words), 500);
  };
  return node;
}

// A canvas as sharp as the screen: draw(context, width, height), and again when its size changes.
function sheet(ratio, draw, more) {
  const canvas = el("canvas", { role: "img", style: `aspect-ratio: ${ratio}`, ...more });
  canvas.redraw = () => {
    const width = canvas.clientWidth, height = canvas.clientHeight, dots = devicePixelRatio || 1;
    if (!width) return;
    canvas.width = Math.round(width * dots); // which also wipes it
    canvas.height = Math.round(height * dots);
    const context = canvas.getContext("2d");
    context.scale(dots, dots);
    context.font = `12px ${getComputedStyle(host).fontFamily}`;
    draw(context, width, height);
  };
  redraws.push(canvas.redraw);
  new ResizeObserver(canvas.redraw).observe(canvas);
  return canvas;
}
function picture(side, color) { // color(i): red, green, blue and opacity of a pixel, 0 to 255
  const canvas = blank(side, side), image = new ImageData(side, side);
  for (let i = 0; i < side * side; i++) image.data.set(color(i), 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}
function tile(side, values, opacity) { // signed numbers: orange towards class 1, blue towards 0
  const sorted = Float64Array.from(values, Math.abs).sort();
  const limit = sorted[Math.floor(0.99 * (sorted.length - 1))] || 1e-12; // a few stand out
  const rgb = (name) => look(name).match(/\w\w/g).map((digits) => parseInt(digits, 16));
  const hues = [rgb("--ink0"), rgb("--ink1")];
  const strength = (i) => opacity * Math.min(Math.abs(values[i]) / limit, 1);
  return picture(side, (i) => [...hues[+(values[i] > 0)], strength(i)]);
}
