// A network that one can touch, and its training to watch, in any page: no kernel, no library, no
// network. helpers/playground.py calls this function with the numbers; it fills the element before
// its own script, in a shadow root, so that neither page nor playground changes the other's style.
(function (data, style) {
  "use strict";
  const host = document.currentScript.previousElementSibling;
  const root = host.attachShadow({ mode: "open" });
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const frame = (() => { try { return window.frameElement; } catch { return null; } })();
  const page = frame ? frame.ownerDocument.body : document.body;
  const side = data.side, area = side * side;

  // -- Small tools ------------------------------------------------------------------------------

  function el(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const floats = (text) => new Float32Array(bytes(text).buffer);
  const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
  const comma = (n) => n.toLocaleString("en-US"); // as in Mexico
  const shown = (p) => (p > 0.99 ? "ŷ > 0.99" : p < 0.01 ? "ŷ < 0.01" : `ŷ = ${p.toFixed(2)}`);
  const look = (name) => getComputedStyle(host).getPropertyValue(name).trim();
  const rgb = (name) => look(name).match(/\w\w/g).map((h) => parseInt(h, 16));

  // A canvas as sharp as the screen; draw(context, width, height) is called whenever its size changes.
  function sheet(label, ratio, draw) {
    const canvas = el("canvas", { role: "img", "aria-label": label });
    canvas.style.aspectRatio = ratio;
    canvas.redraw = () => {
      const width = canvas.clientWidth, height = canvas.clientHeight, dots = devicePixelRatio || 1;
      if (!width) return;
      if (canvas.width !== Math.round(width * dots)) canvas.width = Math.round(width * dots);
      if (canvas.height !== Math.round(height * dots)) canvas.height = Math.round(height * dots);
      const context = canvas.getContext("2d");
      context.setTransform(dots, 0, 0, dots, 0, 0);
      context.clearRect(0, 0, width, height);
      context.font = `12px ${getComputedStyle(host).fontFamily}`;
      draw(context, width, height);
    };
    sheets.push(canvas);
    new ResizeObserver(canvas.redraw).observe(canvas);
    return canvas;
  }
  const sheets = [];

  // Signed numbers (side²) as a picture: orange towards class 1, blue towards class 0; see-through where `veil`.
  function tile(values, limit, veil = false) {
    const canvas = el("canvas", { width: side, height: side });
    const picture = new ImageData(side, side), paper = rgb("--paper");
    const hues = [rgb("--minus"), rgb("--plus")];
    for (let i = 0; i < area; i++) {
      const t = clamp(values[i] / limit, -1, 1), hue = hues[+(t > 0)], a = Math.abs(t);
      for (let k = 0; k < 3; k++) picture.data[4 * i + k] = veil ? hue[k] : paper[k] + a * (hue[k] - paper[k]);
      picture.data[4 * i + 3] = veil ? 150 * a : 255;
    }
    canvas.getContext("2d").putImageData(picture, 0, 0);
    return canvas;
  }
  function largest(values) { // but for the few that stand out
    const sorted = Float64Array.from(values, Math.abs).sort();
    return sorted[Math.floor(0.99 * (sorted.length - 1))] || 1e-12;
  }
  function smooth(values) { // a pixel alone is noise: 1 2 1 across, then down
    const mix = (of, by, edge) => of.map((v, i) => (2 * v + of[edge(i, -1) ? i : i - by] + of[edge(i, 1) ? i : i + by]) / 4);
    const across = (of) => mix(of, 1, (i, d) => i % side === (d < 0 ? 0 : side - 1));
    const down = (of) => mix(of, side, (i, d) => (d < 0 ? i < side : i >= area - side));
    return down(across(down(across(values))));
  }
  const radios = (name, legend, options, chosen, change) =>
    el("fieldset", {}, el("legend", {}, legend), ...options.map(([value, text]) => el("label", { class: "choice" },
      el("input", { type: "radio", name, value, checked: value === chosen, onchange: () => change(value) }), el("span", {}, text))));

  // -- The network: the formulas of section 3, one image at a time ----------------------------------

  function network(dims, numbers) {
    const W = [], b = [];
    let at = 0;
    for (let l = 1; l < dims.length; l++) {
      W[l] = numbers.subarray(at, (at += dims[l] * dims[l - 1]));
      b[l] = numbers.subarray(at, (at += dims[l]));
    }
    const L = dims.length - 1;
    function forward(x) { // A[0] = x, ReLU, ..., sigmoid
      const A = [x];
      let z = 0;
      for (let l = 1; l <= L; l++) {
        A[l] = new Float64Array(dims[l]);
        for (let j = 0; j < dims[l]; j++) {
          z = b[l][j];
          for (let i = 0, w = j * dims[l - 1]; i < dims[l - 1]; i++) z += W[l][w + i] * A[l - 1][i];
          A[l][j] = l < L ? Math.max(z, 0) : 1 / (1 + Math.exp(-z));
        }
      }
      return A;
    }
    function slope(A) { // of the log-odds with respect to each pixel: its channels together
      let d = Float64Array.of(1);
      for (let l = L; l >= 1; l--) {
        const back = new Float64Array(dims[l - 1]);
        for (let j = 0; j < dims[l]; j++) {
          if (d[j] !== 0) for (let i = 0, w = j * dims[l - 1]; i < dims[l - 1]; i++) back[i] += W[l][w + i] * d[j];
        }
        if (l > 1) back.forEach((_, i) => { if (A[l - 1][i] <= 0) back[i] = 0; });
        d = back;
      }
      return grey(d);
    }
    const grey = (d) => Float64Array.from({ length: area }, (_, i) => d[3 * i] + d[3 * i + 1] + d[3 * i + 2]);
    return { dims, W, forward, slope, eye: (j) => grey(W[1].subarray(j * dims[0], (j + 1) * dims[0])) };
  }

  // -- To touch: a face, what is done to it, and what the network says ------------------------------

  function touch() {
    const net = network(data.dims, floats(data.weights)), L = net.dims.length - 1;
    const all = bytes(data.faces), n = data.labels.length, none = { dx: 0, dy: 0, turn: 0, light: 100, mirror: false, negative: false };
    const face = (i) => Float64Array.from(all.subarray(3 * area * i, 3 * area * (i + 1)));
    const eyes = Array.from({ length: net.dims[1] }, (_, j) => smooth(net.eye(j)));
    const first = Array.from({ length: n }, (_, i) => net.forward(face(i).map((v) => v / 255))[L][0]);
    let chosen = 0, paint = face(0), moves = { ...none }, past = [], A, seen = new Uint8ClampedArray(3 * area);
    let tool = "light", radius = 3, over = "slope", cursor = { x: side / 2, y: side * 0.72, shown: false }, spoken;

    // Where a point of the picture that is seen comes from in the one that is painted on.
    function source(x, y) {
      const c = (side - 1) / 2, a = (moves.turn * Math.PI) / 180, u = x - moves.dx - c, v = y - moves.dy - c;
      const across = c + Math.cos(a) * u + Math.sin(a) * v, down = c - Math.sin(a) * u + Math.cos(a) * v;
      return [moves.mirror ? side - 1 - across : across, down];
    }
    function look_through() { // fills `seen`, in whole numbers of 0 to 255 as in any photo
      for (let y = 0, at = 0; y < side; y++) for (let x = 0; x < side; x++) {
        let [u, v] = source(x, y);
        u = clamp(u, 0, side - 1); v = clamp(v, 0, side - 1); // the edge goes on
        const i = Math.min(Math.floor(u), side - 2), j = Math.min(Math.floor(v), side - 2), s = u - i, t = v - j;
        for (let k = 0; k < 3; k++) {
          const p = 3 * (j * side + i) + k, q = p + 3 * side;
          const value = ((1 - t) * ((1 - s) * paint[p] + s * paint[p + 3]) + t * ((1 - s) * paint[q] + s * paint[q + 3])) * (moves.light / 100);
          seen[at++] = moves.negative ? 255 - clamp(value, 0, 255) : value;
        }
      }
    }

    // The brush: what is near (x, y) gets lighter, darker, or what the brush has carried there.
    let carried = null;
    function dab(x, y) {
      const [u, v] = source(x, y), reach = Math.ceil(radius), cx = Math.round(u), cy = Math.round(v);
      const goal = (tool === "light") !== moves.negative ? 255 : 0, taken = new Map();
      for (let j = -reach; j <= reach; j++) for (let i = -reach; i <= reach; i++) {
        const px = cx + i, py = cy + j, far = Math.hypot(px - u, py - v) / (radius + 0.5);
        if (px < 0 || py < 0 || px >= side || py >= side || far >= 1) continue;
        for (let k = 0; k < 3; k++) {
          const at = 3 * (py * side + px) + k, key = `${i},${j},${k}`, old = paint[at];
          const aim = tool !== "smudge" ? goal : carried?.get(key) ?? old;
          paint[at] += (1 - far * far) * (tool === "smudge" ? 0.75 : 0.3) * (aim - old);
          taken.set(key, paint[at]);
        }
      }
      carried = taken;
    }
    function stroke(from, to) {
      const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)));
      for (let s = 1; s <= steps; s++) dab(from.x + ((to.x - from.x) * s) / steps, from.y + ((to.y - from.y) * s) / steps);
      refresh();
    }
    function remember() {
      past.push([chosen, paint.slice(), { ...moves }]);
      if (past.length > 60) past.shift();
    }
    function undo() {
      if (past.length) { [chosen, paint, moves] = past.pop(); sync(); }
    }

    // Everything that is shown. Computing takes a millisecond; more often than the screen is no use.
    let waiting = false;
    function refresh() {
      look_through();
      A = net.forward(Float64Array.from(seen, (v) => v / 255));
      if (!waiting) requestAnimationFrame(() => { waiting = false; draw(); });
      waiting = true;
    }
    function draw() {
      const p = A[L][0], doubt = p >= 0.3 && p <= 0.7, word = doubt ? "dudosa" : `«${data.classes[+(p > 0.5)]}»`;
      number.textContent = shown(p);
      verdict.textContent = word;
      verdict.style.color = doubt ? "inherit" : look(p > 0.5 ? "--ink1" : "--ink0");
      needle.style.left = `${100 * p}%`;
      ghost.style.left = `${100 * first[chosen]}%`;
      truth.textContent = `Es: ${data.classes[data.labels[chosen]]}. Sin tocarla: ${shown(first[chosen])}`;
      undoing.disabled = !past.length;
      clearTimeout(spoken);
      spoken = setTimeout(() => {
        const says = `La red dice: ${word}, ${shown(p)}`;
        if (status.textContent !== says) status.textContent = says;
      }, 500);
      stage.redraw();
      diagram.redraw();
    }
    function sync() { // the controls, to what undo or another face has made of them
      for (const [name, input] of Object.entries(inputs)) {
        if (input.type === "checkbox") input.checked = moves[name];
        else { input.value = moves[name]; input.oninput_text(); }
      }
      faces.querySelectorAll("input").forEach((input, i) => { input.checked = i === chosen; });
      refresh();
    }
    function restore() { remember(); paint = face(chosen); moves = { ...none }; sync(); }
    function choose(i) {
      remember();
      chosen = i; paint = face(i);
      sync();
    }

    const stage = sheet("La cara. Con las flechas mueves el pincel; con la barra espaciadora pintas.", "1", (context, w, h) => {
      const picture = new ImageData(side, side), small = el("canvas", { width: side, height: side });
      for (let i = 0; i < area; i++) picture.data.set([seen[3 * i], seen[3 * i + 1], seen[3 * i + 2], 255], 4 * i);
      small.getContext("2d").putImageData(picture, 0, 0);
      context.imageSmoothingEnabled = false;
      context.drawImage(small, 0, 0, w, h);
      context.imageSmoothingEnabled = true;
      if (over !== "none") {
        const values = over === "slope" ? smooth(net.slope(A)) : eyes[over];
        context.drawImage(tile(values, largest(values), true), 0, 0, w, h);
      }
      if (cursor.shown) for (const [color, width] of [["#000", 3], ["#fff", 1.5]]) {
        context.beginPath();
        context.arc(((cursor.x + 0.5) * w) / side, ((cursor.y + 0.5) * h) / side, ((radius + 0.5) * w) / side, 0, 7);
        context.strokeStyle = color; context.lineWidth = width; context.stroke();
      }
    });
    stage.className = "stage"; stage.tabIndex = 0;
    stage.setAttribute("role", "application");
    let down = null, key = false;
    const place = (event) => {
      const box = stage.getBoundingClientRect();
      return { x: ((event.clientX - box.left) / box.width) * side - 0.5, y: ((event.clientY - box.top) / box.height) * side - 0.5 };
    };
    stage.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      stage.setPointerCapture(event.pointerId);
      hint.remove();
      remember(); carried = null; down = place(event);
      stroke(down, down);
    });
    stage.addEventListener("pointermove", (event) => {
      cursor = { ...place(event), shown: event.pointerType !== "touch" };
      if (!down) return stage.redraw();
      for (const each of event.getCoalescedEvents?.().concat(event) ?? [event]) { const to = place(each); stroke(down, to); down = to; }
    });
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => { down = null; });
    stage.addEventListener("pointerleave", () => { cursor.shown = root.activeElement === stage && stage.matches(":focus-visible"); stage.redraw(); });
    stage.addEventListener("focus", () => { cursor.shown = stage.matches(":focus-visible"); stage.redraw(); });
    stage.addEventListener("blur", () => { cursor.shown = key = false; stage.redraw(); });
    stage.addEventListener("keyup", (event) => { if (event.key === " ") key = false; });
    stage.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!step && event.key !== " ") return;
      event.preventDefault();
      const from = { ...cursor };
      cursor.shown = true;
      if (step) ["x", "y"].forEach((name, i) => {
        cursor[name] = clamp(Math.round(cursor[name]) + step[i] * (event.shiftKey ? 4 : 1), 0, side - 1);
      });
      else if (!key) { key = true; remember(); carried = null; stroke(cursor, cursor); }
      if (key && step) stroke(from, cursor);
      stage.redraw();
    });
    root.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "z") { event.preventDefault(); undo(); }
    });

    // The units: squares with what each of the first layer weighs, then circles; lines, what flows.
    let squares = [];
    const diagram = sheet("", "5 / 4", (context, w, h) => {
      const rows = Math.ceil(net.dims[1] / 2), cell = Math.min((h - 26) / rows, w / 9), top = 22, glow = look("--glow"), off = look("--line");
      const spots = [null];
      squares = [];
      for (let l = 1; l <= L; l++) spots[l] = Array.from({ length: net.dims[l] }, (_, j) => {
        if (l === 1) return { x: cell * (0.6 + 1.15 * Math.floor(j / rows)), y: top + cell * ((j % rows) + 0.5) };
        const x = cell * 2.6 + ((w - cell * 3.9) * (l - 1)) / (L - 1), gap = Math.min((h - 40) / net.dims[l], 40);
        return { x, y: top + (h - 26) / 2 + gap * (j - (net.dims[l] - 1) / 2) };
      });
      for (let l = 2; l <= L; l++) for (let j = 0; j < net.dims[l]; j++) for (let i = 0; i < net.dims[l - 1]; i++) {
        const flow = net.W[l][j * net.dims[l - 1] + i] * A[l - 1][i], a = spots[l - 1][i], z = spots[l][j];
        const strong = clamp(Math.abs(flow) / (0.35 * data.brightest[l - 2].reduce((x, y) => Math.max(x, y), 1e-9)), 0, 1);
        context.strokeStyle = strong < 0.02 ? off : look(flow > 0 ? "--plus" : "--minus");
        context.globalAlpha = strong < 0.02 ? 0.35 : 0.2 + 0.7 * strong;
        context.lineWidth = 0.5 + 3.5 * strong;
        context.beginPath();
        context.moveTo(a.x, a.y);
        context.bezierCurveTo((a.x + z.x) / 2, a.y, (a.x + z.x) / 2, z.y, z.x, z.y);
        context.stroke();
      }
      const dim = look("--dim");
      for (let l = 1; l <= L; l++) for (let j = 0; j < net.dims[l]; j++) {
        const { x, y } = spots[l][j], light = l < L ? clamp(A[l][j] / (data.brightest[l - 1][j] || 1), 0, 1) : A[L][0];
        const size = l === 1 ? cell * 0.8 : l < L ? 18 : 26;
        context.globalAlpha = 1;
        context.beginPath();
        if (l === 1) context.roundRect(x - size / 2 - 2, y - size / 2 - 2, size + 4, size + 4, 4);
        else context.arc(x, y, size / 2 + 2, 0, 7);
        context.fillStyle = look("--paper"); context.fill();
        if (l === L) context.fillStyle = look(light > 0.5 ? "--class1" : "--class0");
        else { context.globalAlpha = light && 0.15 + 0.85 * light; context.fillStyle = glow; }
        context.fill();
        context.globalAlpha = 1;
        context.strokeStyle = over === j && l === 1 ? look("--text") : light > 0 ? glow : off;
        context.lineWidth = over === j && l === 1 ? 3 : 1.5;
        context.stroke();
        if (l > 1) continue;
        context.globalAlpha = light > 0 ? 1 : 0.3;
        const drawn = `tile ${host.className}`; // one for the light, one for the dark
        eyes[j][drawn] ??= tile(eyes[j], largest(eyes[j]));
        context.drawImage(eyes[j][drawn], x - size / 2 + 1, y - size / 2 + 1, size - 2, size - 2);
        squares.push({ x, y, size });
      }
      context.globalAlpha = 1;
      context.fillStyle = dim; context.textAlign = "center";
      for (let l = 1; l <= L; l++) context.fillText(l < L ? `capa ${l}` : "ŷ", l === 1 ? cell * 1.2 : spots[l][0].x, 12);
      const lit = net.dims.slice(1, L).map((size, l) => `${A[l + 1].filter((a) => a > 0).length} de ${size}`);
      diagram.setAttribute("aria-label", `Unidades encendidas, capa por capa: ${lit.join(", ")}`);
      units.textContent = `Encendidas: ${lit.join(" · ")}`;
    });
    diagram.addEventListener("click", (event) => {
      const box = diagram.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
      const j = squares.findIndex((s) => Math.max(Math.abs(s.x - x), Math.abs(s.y - y)) < s.size / 2 + 2);
      if (j >= 0) { over = over === j ? "slope" : j; layer.value = over; refresh(); }
    });

    const number = el("b", { class: "number" }), verdict = el("b", { class: "verdict" }), truth = el("span", { class: "small" });
    const needle = el("i", { class: "needle" }), ghost = el("i", { class: "ghost" }), units = el("span", { class: "small" });
    const status = el("div", { class: "hidden", role: "status", "aria-live": "polite" });
    const undoing = el("button", { type: "button", onclick: undo }, "↶ Deshacer");
    const hint = el("span", { class: "hint", "aria-hidden": "true" }, "Dibuja aquí, con el dedo o el ratón");
    const inputs = {};
    const slider = (name, text, low, high, step, unit) => {
      const value = el("span", { class: "value" }), input = el("input", { type: "range", min: low, max: high, step, "aria-label": text });
      input.oninput_text = () => { value.textContent = `${input.value}${unit}`; input.setAttribute("aria-valuetext", value.textContent); };
      let fresh = true; // one drag is one step back
      input.addEventListener("input", () => { if (fresh) remember(); fresh = false; moves[name] = +input.value; input.oninput_text(); refresh(); });
      input.addEventListener("change", () => { fresh = true; });
      inputs[name] = input;
      return el("label", { class: "slider" }, el("span", {}, text), input, value);
    };
    const toggle = (name, text) => {
      inputs[name] = el("input", { type: "checkbox", onchange: (event) => { remember(); moves[name] = event.target.checked; refresh(); } });
      return el("label", { class: "choice" }, inputs[name], el("span", {}, text));
    };
    const faces = radios("face", "Escoge una cara", data.labels.map((label, i) => {
      const small = el("canvas", { width: side, height: side, "aria-hidden": "true" });
      const picture = new ImageData(side, side), pixels = face(i);
      for (let k = 0; k < area; k++) picture.data.set([pixels[3 * k], pixels[3 * k + 1], pixels[3 * k + 2], 255], 4 * k);
      small.getContext("2d").putImageData(picture, 0, 0);
      const right = +(first[i] > 0.5) === label, words = `Cara ${i + 1}: ${data.classes[label]}; la red ${right ? "acierta" : "se equivoca"}`;
      return [i, el("span", { class: right ? "thumb" : "thumb wrong", title: words }, small, el("span", { class: "hidden" }, words))];
    }), 0, choose);
    faces.className = "faces";
    faces.firstChild.append(el("span", { class: "small" }, "  marco naranja: la red se equivoca"));
    const layer = el("select", { onchange: () => { over = isNaN(layer.value) ? layer.value : +layer.value; refresh(); } },
      el("option", { value: "slope" }, "los píxeles que cuentan"), el("option", { value: "none" }, "nada"),
      ...eyes.map((_, j) => el("option", { value: j }, `lo que pesa la unidad ${j + 1}`)));
    const size = el("input", { type: "range", min: 1, max: 8, step: 0.5, value: radius, oninput: () => { radius = +size.value; } });

    root.append(el("section", { class: "card touch", "aria-label": data.title },
      faces,
      el("div", { class: "answer" },
        el("div", { class: "says" }, verdict, number),
        el("div", { class: "bar", "aria-hidden": "true" }, el("span", {}, data.classes[0]), el("span", {}, "dudosa"), el("span", {}, data.classes[1]), ghost, needle),
        truth),
      el("div", { class: "easel" }, el("div", { class: "paper" }, stage, hint),
        el("label", { class: "row" }, el("span", {}, "Ver encima: "), layer),
        el("p", { class: "small" }, el("b", { class: "plus" }, "Naranja"), `: si se aclara, empuja hacia «${data.classes[1]}»; `,
          el("b", { class: "minus" }, "azul"), `: hacia «${data.classes[0]}».`)),
      el("div", { class: "tools" },
        radios("tool", "Pinta sobre la cara", [["light", "Luz"], ["dark", "Sombra"], ["smudge", "Difuminar"]], tool, (value) => { tool = value; }),
        el("label", { class: "slider" }, el("span", {}, "Pincel"), size),
        el("div", { class: "row" }, undoing, el("button", { type: "button", onclick: restore }, "Como estaba"))),
      el("div", { class: "moves" },
        el("div", { class: "legend" }, "Muévela"),
        slider("dx", "A los lados", -12, 12, 1, " px"), slider("dy", "Arriba, abajo", -12, 12, 1, " px"),
        slider("turn", "Girar", -45, 45, 1, "°"), slider("light", "Luz", 10, 190, 5, " %"),
        el("div", { class: "row" }, toggle("mirror", "En espejo"), toggle("negative", "En negativo"))),
      el("div", { class: "net" }, el("div", { class: "legend" }, "Las unidades que se encienden"), diagram, units),
      status));
    sync();
    return { seen: () => Array.from(seen), probability: () => A[L][0], slope: () => Array.from(net.slope(A)), labels: data.labels };
  }

  // -- To watch: a training, moment by moment --------------------------------------------------------

  function watch() {
    const last = data.moments.length - 1, steps = data.moments[last], m = data.labels.length;
    const films = data.films.map((film) => ({ ...film, costs: floats(film.costs), answers: bytes(film.answers), tiles: null }));
    let film = films[Math.max(0, data.story)], at = last, playing = 0;
    const spread = data.labels.map((_, i) => ((i * 0.618034) % 1)); // a place across for each dot
    const per = (share) => `${Math.round(100 * share)} %`;

    async function open(film) { // the picture with all its weights, as numbers
      if (film.tiles) return;
      const image = new Image();
      image.src = `data:image/jpeg;base64,${film.weights}`;
      await image.decode();
      const canvas = el("canvas", { width: image.width, height: image.height }), context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      film.tiles = data.moments.map((_, k) => film.units.map((_, u) => {
        const pixels = context.getImageData(u * side, k * side, side, side).data;
        return Float32Array.from({ length: area }, (_, i) => (pixels[4 * i] - 128) / 127);
      }));
    }
    // Between two moments, both: `of(k)` are numbers, and so is what is returned.
    function between(of) {
      const k = Math.min(Math.floor(at), last - 1), t = at - k, a = of(k), b = of(k + 1);
      return t === 0 ? a : t === 1 ? b : Float32Array.from(a, (v, i) => (1 - t) * v + t * b[i]);
    }
    const answers = (k) => film.answers.subarray(k * m, (k + 1) * m);

    const weights = sheet("", "3 / 2", (context, w, h) => {
      if (!film.tiles) return;
      const cell = Math.min(w / 3, h / 2), gap = 6;
      film.units.forEach((_, u) => context.drawImage(
        tile(between((k) => film.tiles[k][u]), 1), (w - 3 * cell) / 2 + (u % 3) * cell + gap / 2, Math.floor(u / 3) * cell + gap / 2, cell - gap, cell - gap));
    });
    const dots = sheet("", "3 / 2", (context, w, h) => {
      const left = 6, wide = w - 12, base = h - 18, now = between(answers);
      context.fillStyle = look("--zone");
      context.fillRect(left + 0.3 * wide, 0, 0.4 * wide, base);
      context.strokeStyle = look("--dim"); context.setLineDash([3, 3]);
      context.beginPath(); context.moveTo(left + wide / 2, 0); context.lineTo(left + wide / 2, base); context.stroke();
      context.setLineDash([]);
      const colors = [look("--class0"), look("--class1")], r = m > 1000 ? 1.5 : 2.6;
      for (const label of [0, 1]) {
        context.fillStyle = colors[label]; context.globalAlpha = 0.55;
        for (let i = 0; i < m; i++) if (data.labels[i] === label) {
          const x = left + ((now[i] + 0.5) / 256) * wide, y = (label ? 0.04 : 0.54) * base + spread[i] * 0.42 * base;
          context.beginPath(); context.arc(x, y, r, 0, 7); context.fill();
        }
      }
      context.globalAlpha = 1; context.fillStyle = look("--dim"); context.textAlign = "center";
      for (const v of [0, 0.5, 1]) context.fillText(String(v), clamp(left + v * wide, 8, w - 8), h - 4);
    });
    const curve = sheet("", "3 / 2", (context, w, h) => {
      const left = 26, base = h - 18, top = 1, x = (s) => left + (w - left - 8) * Math.sqrt(s / steps), y = (c) => base - (base - 4) * Math.min(c / top, 1.1);
      const done = steps * (at / last) ** 2, color = look("--cost");
      context.fillStyle = look("--dim"); context.strokeStyle = look("--line"); context.lineWidth = 1;
      context.textAlign = "right";
      for (const c of [0, 0.5, 1]) {
        context.fillText(String(c), left - 5, y(c) + 4);
        context.beginPath(); context.moveTo(left, y(c)); context.lineTo(w - 8, y(c)); context.stroke();
      }
      context.textAlign = "center";
      for (const s of [0, 100, 500, 1000, 2000].filter((s) => s < 0.6 * steps).concat(steps)) context.fillText(comma(s), Math.min(x(s), w - 16), h - 4);
      context.save();
      context.beginPath(); context.rect(left, 0, w, base + 2); context.clip();
      for (const [from, to, alpha] of [[0, steps, 0.22], [0, done, 1]]) {
        context.globalAlpha = alpha; context.strokeStyle = color; context.lineWidth = alpha === 1 ? 1.8 : 1;
        context.beginPath();
        for (let s = from; s <= to; s++) if (Number.isFinite(film.costs[s])) context.lineTo(x(s), y(film.costs[s]));
        context.stroke();
      }
      context.restore();
      const cost = film.costs[Math.round(done)];
      context.fillStyle = color;
      context.beginPath(); context.arc(x(done), Math.max(y(cost) || 0, 5), 5, 0, 7); context.fill();
    });

    const jump = () => { const to = +slider.value; pause(); at = to; refresh(); };
    const slider = el("input", { type: "range", min: 0, max: last, step: 1, value: last, "aria-label": "Momento del entrenamiento", oninput: jump });
    const step = el("span", { class: "value" }), heads = ["Lo que aprendieron seis unidades", "", ""].map((text) => el("h4", {}, text));
    const status = el("div", { class: "hidden", role: "status", "aria-live": "polite" });
    const button = el("button", { type: "button", class: "play", onclick: () => (playing ? pause() : play()) });
    function pause() { cancelAnimationFrame(playing); clearTimeout(playing); playing = 0; refresh(); }
    function play() {
      if (at >= last) at = 0;
      let before = performance.now();
      const on = (now) => { // 7 seconds; in steps, where motion is unwelcome
        at = calm.matches ? Math.min(last, Math.floor(at) + 1) : clamp(at + ((now - before) / 7000) * last, 0, last);
        before = now;
        playing = at >= last ? 0 : next();
        refresh();
      };
      const next = () => (calm.matches ? setTimeout(on, 700) : requestAnimationFrame(on));
      playing = next();
      refresh();
    }
    let spoken;
    function refresh() {
      const k = Math.round(at), n = data.moments[k], right = data.labels.filter((y, i) => +(answers(k)[i] > 127) === y).length;
      slider.value = k;
      step.textContent = `paso ${comma(n)}`;
      slider.setAttribute("aria-valuetext", `${step.textContent} de ${comma(steps)}`);
      button.textContent = playing ? "❚❚ Pausa" : "▶ Mírala aprender";
      heads[1].textContent = `Acierta ${per(right / m)} de ${comma(m)} imágenes`;
      heads[2].textContent = `Costo J: ${Number.isFinite(film.costs[n]) ? film.costs[n].toFixed(3) : "se desbordó"}`;
      weights.setAttribute("aria-label", `Pesos aprendidos de las unidades ${film.units.join(", ")}; naranja empuja hacia «${data.classes[1]}», azul hacia «${data.classes[0]}»`);
      dots.setAttribute("aria-label", `Respuestas a las imágenes de entrenamiento, un punto cada una: ${heads[1].textContent}`);
      curve.setAttribute("aria-label", `El costo en cada paso. ${heads[2].textContent} en el ${step.textContent}`);
      clearTimeout(spoken);
      if (!playing) spoken = setTimeout(() => { status.textContent = `${step.textContent}: ${heads[1].textContent}. ${heads[2].textContent}`; }, 500);
      for (const each of sheets) each.redraw();
    }
    const select = async (i) => { film = films[i]; await open(film); refresh(); };
    root.append(el("section", { class: "card watch", "aria-label": data.title },
      el("div", { class: "player" }, button, slider, step,
        radios("rate", "Tasa α", films.map((each, i) => [i, String(each.rate)]), films.indexOf(film), select)),
      el("div", {}, heads[0], weights, el("p", { class: "small" }, el("b", { class: "plus" }, "Naranja"), `: si se aclara, hacia «${data.classes[1]}»; `, el("b", { class: "minus" }, "azul"), `: hacia «${data.classes[0]}».`)),
      el("div", {}, heads[1], dots, el("p", { class: "small" },
        ...[1, 0].flatMap((c) => [el("span", { class: `class${c}` }, "● "), el("b", { class: `ink${c}` }, data.classes[c]), "  "]), "según la etiqueta; abajo, ŷ")),
      el("div", {}, heads[2], curve, el("p", { class: "small" }, "En cada paso (el eje se aprieta hacia el final).")),
      status));
    select(films.indexOf(film));
    return { go: (k) => { at = k; refresh(); }, play };
  }

  // -- The page around it ----------------------------------------------------------------------------

  root.append(el("style", {}, style));

  function theme() { // Jupyter's or VS Code's where the page is in one, else the system's
    const set = page.dataset.jpThemeLight, code = page.className.match(/vscode-(light|dark|high-contrast)/);
    const dark = set ? set === "false" : code ? code[1] !== "light" : matchMedia("(prefers-color-scheme: dark)").matches;
    host.classList.toggle("dark", dark);
    // A frame is see-through only where it and its page agree on this.
    if (frame) frame.style.colorScheme = document.documentElement.style.colorScheme = dark ? "dark" : "light";
    for (const each of sheets) each.redraw();
  }
  theme();
  host.playground = data.kind === "touch" ? touch() : watch();
  new MutationObserver(theme).observe(page, { attributes: true });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", theme);
  if (frame) new ResizeObserver(() => { frame.style.height = `${host.offsetHeight + 2}px`; }).observe(host);
})
