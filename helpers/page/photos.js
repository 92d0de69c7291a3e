// Photographs that are chosen, dropped, pasted or taken, and the oval for where no face is found.

const NO_FACE = "No encontré ninguna cara. Ayuda acercarse, mirar de frente y derecho, y tener más "
  + "luz.";
const BY_HAND = "Pon el óvalo sobre la cara: arrástralo, pellízcalo o usa botones o teclas.";
const HEIC = "Este navegador no abre fotos HEIC, las del iPhone. Guárdala como JPG, o ábrela en "
  + "Safari; con Ajustes, Cámara, Formatos, «Más compatible» las próximas serán JPG.";
const NO_PHOTO = "El navegador no puede abrir este archivo: quizá no es una foto, o está dañado. "
  + "Guárdala como JPG o PNG y elígela otra vez.";
const OVAL = "Óvalo sobre la foto: las flechas lo mueven, + y - cambian su tamaño, < y > lo giran";

async function upright(file) { // whatever the browser opens, as its camera was held
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const photo = drawn(bitmap, bitmap.width, bitmap.height, LONGEST);
    bitmap.close();
    return photo;
  } catch {
    const image = Object.assign(new Image(), { src: URL.createObjectURL(file) });
    await image.decode().finally(() => URL.revokeObjectURL(image.src));
    return drawn(image, image.naturalWidth, image.naturalHeight, LONGEST);
  }
}
function turnedBy(photo, turns) { // quarter turns against the clock, as np.rot90
  const { width: w, height: h } = photo, canvas = turns % 2 ? blank(h, w) : blank(w, h);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((-turns * Math.PI) / 2);
  context.drawImage(photo, -w / 2, -h / 2);
  return canvas;
}

let queue = Promise.resolve();
function take(files) { // one at a time in memory
  for (const file of files) queue = queue.then(() => judge(file));
  return queue;
}
async function judge(file) {
  const name = file.name || "foto", cards = [], note = el("p", {}, "Mirando la foto…");
  const sheet = el("canvas", { role: "img", "aria-label": name });
  const view = set(div("stage", sheet), { hidden: true });
  const answers = div("answers"), tools = div("row"), heading = div("name", name);
  const article = el("article", { "aria-label": name }, heading, note, view, answers, tools);
  const remove = button("Quita", () => article.remove());
  const say = (text, kind = "") => {
    Object.assign(note, { textContent: text, className: kind });
    tell(`${name}: ${text} ${inWords(cards)}`, "hidden");
  };
  photos.prepend(article);
  while (photos.children.length > KEPT) photos.lastChild.remove();
  let photo, found = { faces: [], turns: 0, more: 0 };
  const show = (faces, oval) => {
    Object.assign(sheet, { width: photo.width, height: photo.height });
    const context = sheet.getContext("2d");
    context.drawImage(photo, 0, 0);
    showAll(answers, cards, faces);
    article.classList.toggle("many", faces.length > 1);
    if (oval) drawOval(context, oval);
    else outline(context, faces, cards);
  };
  const byHand = () => {
    hand.remove();
    tools.append(...ovalTools(sheet, photo, show));
    say(`${note.textContent} ${BY_HAND}`);
  };
  const hand = button("Pon tú el óvalo", byHand);
  const download = () => save(kept(sheet, cards), `respuesta, ${name.replace(/\.\w+$/, "")}`);
  try {
    photo = await upright(file);
  } catch {
    tools.append(remove);
    return say(/hei[cf]/i.test(file.type + name) ? HEIC : NO_PHOTO, "error");
  }
  try {
    if (!isBlind) found = await ask("photo", photo, MOST);
  } catch {
    tools.append(remove);
    return say("No pude juzgar esta foto; prueba con otra.", "error");
  }
  const { faces, turns, more } = found;
  const cut = faces.flatMap((face, i) => (face.isCut ? [i + 1] : []));
  const which = faces.length > 1 ? `cara ${cut.join(", ")}` : "cara", isNone = !faces.length;
  photo = turnedBy(photo, turns);
  view.hidden = false;
  show(faces);
  tools.append(button("Guarda", download), hand, remove);
  say([
    turns ? `La foto estaba ${turns === 2 ? "de cabeza" : "de lado"}, y la enderecé.` : "",
    cut.length ? `Parte de la ${which} queda fuera de la foto: su respuesta vale menos.` : "",
    more ? `Hay otras ${more}, más pequeñas.` : "", isNone && !isBlind ? NO_FACE : "",
  ].join(" ").trim());
  if (isNone) byHand();
}

// An oval is { x, y, size, angle }: the middle of its 64×64 in the photo, how large, how turned.
const centred = ({ width, height }) =>
  ({ x: width / 2, y: height / 2, size: 0.5 * Math.min(width, height), angle: 0 });
function placeOf({ x, y, size, angle }) {
  const re = (size * Math.cos(angle)) / 64, im = (size * Math.sin(angle)) / 64;
  return { corner: [x - 32 * (re - im), y - 32 * (im + re)], pixel: [re, im] };
}
function drawOval(context, { x, y, size, angle }) {
  context.translate(x, y);
  context.rotate(angle);
  context.scale(size / 64, size / 64);
  context.ellipse(0, 3, 25, 33, 0, 0, 7);
  for (const [from, to, at] of [[-15, -7, -8], [7, 15, -8], [-8, 8, 15]]) { // eyes, mouth
    context.moveTo(from, at);
    context.lineTo(to, at);
  }
  for (const [strokeStyle, lineWidth] of [["#000", 2], ["#fff", 1]]) {
    Object.assign(context, { strokeStyle, lineWidth, lineCap: "round" }).stroke();
  }
  context.resetTransform();
}
function ovalTools(canvas, photo, show) { // to drag, to pinch, by keys; returns its buttons
  const oval = centred(photo), step = Math.max(1, photo.width / 100), fingers = new Map();
  const largest = 2 * Math.max(photo.width, photo.height);
  const KEYS = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step],
    ArrowDown: [0, step], "-": [0, 0, 1 / 1.06], "+": [0, 0, 1.06], "<": [0, 0, 1, -0.07],
    ">": [0, 0, 1, 0.07] };
  let isBusy = false, isLate = false;
  async function moved() { // judged as it moves, one at a time
    isLate = isBusy;
    if (isBusy) return;
    isBusy = true;
    const { faces: [face] } = await ask("place", photo, placeOf(oval));
    show([face], oval);
    isBusy = false;
    if (isLate) moved();
    else tell(`La red dice: ${word(face.answers[0].p)}`, "hidden");
  }
  function change(dx, dy, larger = 1, turn = 0) {
    oval.x = clamp(oval.x + dx, 0, photo.width);
    oval.y = clamp(oval.y + dy, 0, photo.height);
    oval.size = clamp(oval.size * larger, 16, largest);
    oval.angle += turn;
    moved();
  }
  const at = ({ clientX, clientY }) => {
    const { left, top, width } = canvas.getBoundingClientRect(), unit = canvas.width / width;
    return [(clientX - left) * unit, (clientY - top) * unit];
  };
  const grip = () => { // of one finger, or two: where, how far apart, at which angle
    const [p, q = p] = fingers.values(), x = q[0] - p[0], y = q[1] - p[1];
    return [p[0] + x / 2, p[1] + y / 2, Math.hypot(x, y) || 1, Math.atan2(y, x)];
  };
  Object.assign(canvas, {
    tabIndex: 0,
    onkeydown: (event) => {
      if (!KEYS[event.key] || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      change(...KEYS[event.key]);
    },
    onpointerdown: (event) => {
      canvas.setPointerCapture(event.pointerId);
      fingers.set(event.pointerId, at(event));
    },
    onpointermove: (event) => {
      if (!fingers.has(event.pointerId)) return;
      const [x, y, long, angle] = grip(), [u, v, longer, turned] =
        grip(fingers.set(event.pointerId, at(event)));
      change(u - x, v - y, longer / long, turned - angle);
    },
    onpointerup: (event) => fingers.delete(event.pointerId) && moved(),
    onpointercancel: (event) => fingers.delete(event.pointerId),
  });
  canvas.style.touchAction = "none";
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", OVAL);
  show([], oval);
  const buttons = [["−", "-", "más chico"], ["+", "+", "más grande"],
    ["↺", "<", "gira a la izquierda"], ["↻", ">", "gira a la derecha"]];
  return buttons.map(([sign, key, what]) =>
    button(sign, () => change(...KEYS[key]), { "aria-label": `Óvalo: ${what}` }));
}
