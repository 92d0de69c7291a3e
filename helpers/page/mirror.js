// The mirror: camera, photographs, and an oval for where no face is found. Pictures stay in the page.

const MOST = 8, KEPT = 20; // faces of a photo that get an answer; photographs on the page
const LONGEST = 1600, LIVE = 640; // pixels of what is looked at: a photo, the camera's picture
const REST = 60, CALM = 200, PATIENCE = 1500; // milliseconds between pictures, to calm, to speak
const host = document.currentScript.previousElementSibling;
const root = host.attachShadow({ mode: "open" }), { classes } = content;
const isBlind = !content.finder && content.models.some((model) => model.aligned);

// -- Who computes: a worker or, where none may be had, the page ---------------------------------------

let computer;
const opened = () => (computer ??= new Promise((done) => {
  const inPage = () => {
    const answer = engine().answering(content), rest = () => new Promise((on) => setTimeout(on));
    done((question) => rest().then(() => answer(question)));
  };
  try {
    const waiting = new Map(), source = new Blob([`(${engine})().serve(self)`]);
    const worker = new Worker(URL.createObjectURL(source));
    const post = (question) => new Promise((...ends) => {
      waiting.set(waiting.last = (waiting.last ?? 0) + 1, ends);
      worker.postMessage({ id: waiting.last, ...question }, [question.photo.data.buffer]);
    });
    worker.onerror = inPage;
    worker.onmessage = ({ data }) => { // the first says that it is there
      if (!data.id) return done(post);
      const [answer, fail] = waiting.get(data.id);
      waiting.delete(data.id);
      if (data.problem) fail(new Error(data.problem));
      else answer(data);
    };
    worker.postMessage({ content });
  } catch {
    inPage();
  }
}));
async function ask(kind, canvas, argument) {
  const { width: W, height: H } = canvas, answer = await opened();
  const { data } = canvas.getContext("2d").getImageData(0, 0, W, H);
  return answer({ kind, photo: { data, W, H, step: 4 }, argument });
}
function drawn(picture, width, height, longest) { // small enough, on white
  const scale = Math.min(1, longest / Math.max(width, height));
  const canvas = blank(Math.max(1, Math.round(scale * width)), Math.max(1, Math.round(scale * height)));
  const context = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(context, { fillStyle: "#fff", imageSmoothingQuality: "high" });
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}
function save(canvas, name) {
  canvas.toBlob((blob) => {
    const href = URL.createObjectURL(blob);
    el("a", { href, download: `${name}.jpg` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }, "image/jpeg", 0.92);
}

// -- The camera ---------------------------------------------------------------------------------------

const INSTEAD = " Mientras tanto, con el mismo botón te tomas una foto.";
const PROBLEMS = {
  NotAllowedError: "No hay permiso para usar la cámara. Dáselo en el botón junto a la dirección de la "
    + "página o en los ajustes de privacidad de tu sistema, y vuelve a cargar la página.",
  NotFoundError: "No encontré ninguna cámara. Conéctala o enciéndela, y vuelve a cargar la página.",
  NotReadableError: "Otro programa está usando la cámara. Ciérralo, y vuelve a cargar la página.",
};
Object.assign(PROBLEMS, { AbortError: PROBLEMS.NotReadableError, SecurityError: PROBLEMS.NotAllowedError,
  OverconstrainedError: PROBLEMS.NotFoundError });
function noCamera() { // why there can be none here, and where there would be
  if (document.featurePolicy?.allowsFeature("camera") === false)
    return "Aquí la página no puede usar la cámara. En vivo funciona abriéndola en Chrome, Firefox o Safari.";
  if (!window.isSecureContext)
    return "El navegador solo presta la cámara a páginas https y a archivos de esta computadora: ahí "
      + "el espejo funciona en vivo.";
  return navigator.mediaDevices?.getUserMedia ? "" : "Este navegador no presta la cámara, como pasa "
    + "dentro de otras aplicaciones. Abre esta página en Chrome, Firefox o Safari y será en vivo.";
}

let stream = null, turn = 0, result = { faces: [] }, spoken = "";
const cards = [], video = el("video", { playsinline: true, muted: true, "aria-label": "Tú, en el espejo" });
video.muted = true;
const frames = el("canvas", { "aria-hidden": "true" }), answers = el("div", { class: "answers" });
const stage = el("div", { class: "stage" }, video, frames);
const pause = button("Pausa", () => (video.paused ? video.play() : video.pause()));
video.onpause = video.onplay = () => (pause.textContent = video.paused ? "Sigue" : "Pausa");
video.addEventListener("pause", () => stream && lookOnce(turn)); // at the very picture that stands

async function start() {
  stop();
  const mine = turn;
  tell("Pidiendo la cámara…");
  try {
    const wanted = { facingMode: "user", width: { ideal: LIVE }, height: { ideal: 480 } };
    const lent = await navigator.mediaDevices.getUserMedia({ video: wanted });
    if (mine !== turn) return lent.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = lent;
    lent.getTracks().forEach((track) => track.addEventListener("ended", stop));
    await video.play();
  } catch (error) {
    if (mine !== turn) return;
    stop();
    return selfies(PROBLEMS[error.name] ?? "No pude abrir la cámara. Prueba en otro navegador.");
  }
  live.hidden = !(camera.hidden = true);
  pause.focus();
  tell(isBlind ? "Pon tu cara en el óvalo." : "");
  const next = () => new Promise((on) => (video.requestVideoFrameCallback
    ? video.requestVideoFrameCallback(on) : requestAnimationFrame(on)));
  while (mine === turn) { // one picture at a time, and none that the screen doesn't need
    await next();
    if (mine === turn && !video.paused) await lookOnce(mine);
    await new Promise((on) => setTimeout(on, REST));
  }
}
async function lookOnce(mine) {
  const picture = drawn(video, video.videoWidth, video.videoHeight, LIVE), { width, height } = picture;
  const oval = centred(width, height);
  const found = await ask(isBlind ? "place" : "frame", picture, placeOf(oval));
  if (mine !== turn) return;
  result = found;
  showAll(answers, cards, result.faces, true);
  Object.assign(frames, { width, height });
  if (isBlind) drawOval(frames.getContext("2d"), oval);
  else outline(frames.getContext("2d"), result.faces, cards, true);
  host.mirror.looks += 1;
  speak(cards.length ? inWords(cards) : "No veo ninguna cara: acércate, mira de frente.");
}
let changed = 0, heard = "";
function speak(text) { // when it has stayed so for a while; without the digits, which never rest
  const plain = text.replace(/ \(.*?\)/g, "");
  if (plain !== heard) [heard, changed] = [plain, performance.now()];
  if (heard === spoken || performance.now() - changed < PATIENCE) return;
  spoken = heard;
  tell(cards.length ? `La red dice: ${text}` : text, cards.length ? "quiet" : "");
}
function stop() {
  turn += 1;
  stream?.getTracks().forEach((track) => track.stop());
  stream = video.srcObject = null;
  spoken = heard = "";
  showAll(answers, cards, []);
  camera.hidden = !(live.hidden = true);
  tell("");
}
function keep() {
  const { videoWidth: w, videoHeight: h } = video, photo = blank(w, h), context = photo.getContext("2d");
  context.translate(w, 0);
  context.scale(-1, 1);
  context.drawImage(video, 0, 0);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.drawImage(frames, 0, 0, w, h);
  save(kept(photo, cards), "espejo");
}
function selfies(why) { // from now on the button takes a photo
  camera.textContent = "Tómate una foto";
  camera.onclick = () => selfie.click();
  tell(why + INSTEAD, "error");
}

// -- Photographs --------------------------------------------------------------------------------------

async function picture(file) { // whatever the browser opens, upright as its camera says
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    await image.decode().finally(() => URL.revokeObjectURL(image.src));
    return image;
  }
}
let queue = Promise.resolve();
function take(files) {
  for (const file of files) queue = queue.then(() => judge(file)); // one at a time in memory
}
async function photoOf(file) {
  const opened = await picture(file);
  return drawn(opened, opened.naturalWidth || opened.width, opened.naturalHeight || opened.height, LONGEST);
}
async function judge(file) {
  const name = file.name || "foto", note = el("p", {}, "Mirando la foto…");
  const place = el("div", { class: "answers" }), own = el("canvas", { role: "img", "aria-label": name });
  const tools = el("div", { class: "buttons" }), view = el("div", { class: "stage" }, own);
  const article = el("article", { "aria-label": name }, el("p", { class: "name" }, name), note, view, place, tools);
  const remove = button("Quita", () => article.remove());
  photos.prepend(article);
  while (photos.children.length > KEPT) photos.lastChild.remove();
  view.hidden = true;
  tell(`Mirando «${name}»…`, "quiet");
  let photo, found;
  try {
    photo = await photoOf(file);
  } catch {
    note.className = "error";
    note.textContent = /hei[cf]/i.test(file.type + name)
      ? "Este navegador no abre fotos HEIC, las del iPhone. Guárdala como JPG o ábrela en Safari; y en "
        + "Ajustes, Cámara, Formatos, «Más compatible» toma las próximas en JPG."
      : "El navegador no puede abrir este archivo: quizá no es una foto, o está dañado. Guárdala como "
        + "JPG o PNG y elígela otra vez.";
    tools.append(remove);
    return tell(`${name}: ${note.textContent}`, "quiet");
  }
  const own_cards = [];
  const show = (faces, oval) => {
    own.width = photo.width;
    own.height = photo.height;
    const context = own.getContext("2d");
    context.drawImage(photo, 0, 0);
    showAll(place, own_cards, faces);
    article.classList.toggle("many", faces.length > 1);
    if (oval) drawOval(context, oval);
    else outline(context, faces, own_cards);
  };
  const byHand = () => {
    note.textContent += " Pon el óvalo sobre la cara: arrástralo, pellízcalo, o muévelo con las teclas.";
    tools.append(...ovalTools(own, photo, show));
    hand.remove();
  };
  const hand = button("Pon tú el óvalo", byHand);
  try {
    found = isBlind ? { faces: [], turns: 0, more: 0 } : await ask("photo", photo, MOST);
  } catch {
    note.className = "error";
    note.textContent = "No pude juzgar esta foto; prueba con otra.";
    return tools.append(remove);
  }
  photo = turnedBy(photo, found.turns);
  view.hidden = false;
  show(found.faces);
  const cut = found.faces.flatMap((face, i) => (face.isCut ? [i + 1] : []));
  const which = found.faces.length > 1 ? `cara ${cut.join(", ")}` : "cara";
  note.textContent = [
    found.turns ? `La foto estaba ${found.turns === 2 ? "de cabeza" : "de lado"}, y la enderecé.` : "",
    cut.length ? `Parte de la ${which} queda fuera de la foto: su respuesta vale menos.` : "",
    found.more ? `Hay otras ${found.more} caras, más pequeñas.` : "",
    found.faces.length || isBlind ? "" : "No encontré ninguna cara. Ayuda acercarse, mirar de frente y derecho, y tener más luz.",
  ].filter(Boolean).join(" ");
  tools.append(button("Guarda", () => save(kept(own, own_cards), `respuesta, ${name.replace(/\.\w+$/, "")}`)), hand, remove);
  if (!found.faces.length) byHand();
  tell(`${name}: ${note.textContent} ${inWords(own_cards, found.more)}`, "quiet");
}
function turnedBy(photo, turns) { // quarter turns against the clock, as np.rot90
  if (!turns) return photo;
  const { width: w, height: h } = photo, canvas = turns % 2 ? blank(h, w) : blank(w, h);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.translate(canvas.width / 2, canvas.height / 2);
  context.rotate((-turns * Math.PI) / 2);
  context.drawImage(photo, -w / 2, -h / 2);
  return canvas;
}

// -- The oval: { x, y, size, angle } of the 64×64 in the photo -----------------------------------------

const centred = (w, h) => ({ x: w / 2, y: h / 2, size: 0.5 * Math.min(w, h), angle: 0 });
function placeOf({ x, y, size, angle }) {
  const re = (size * Math.cos(angle)) / 64, im = (size * Math.sin(angle)) / 64;
  return { corner: [x - 32 * (re - im), y - 32 * (im + re)], pixel: [re, im] };
}
function drawOval(context, { x, y, size, angle }) {
  const unit = size / 64;
  context.save();
  context.translate(x, y);
  context.rotate(angle);
  context.scale(unit, unit);
  for (const [strokeStyle, lineWidth] of [["#000", 2], ["#fff", 1]]) {
    Object.assign(context, { strokeStyle, lineWidth, lineCap: "round" });
    context.beginPath();
    context.ellipse(0, 3, 25, 33, 0, 0, 7);
    for (const [from, to, at] of [[-15, -7, -8], [7, 15, -8], [-8, 8, 15]]) { // eyes, mouth
      context.moveTo(from, at);
      context.lineTo(to, at);
    }
    context.stroke();
  }
  context.restore();
}
function ovalTools(canvas, photo, show) {
  const oval = centred(photo.width, photo.height), down = new Map();
  let busy = false, again = false;
  async function moved() { // judged as it moves, one at a time
    again = busy;
    if (busy) return;
    busy = true;
    const { faces } = await ask("place", photo, placeOf(oval));
    show(faces, oval);
    busy = false;
    if (again) moved();
    else tell(`La red dice: ${word(faces[0].answers[0].p)}`, "quiet");
  }
  function change(dx, dy, larger = 1, turn = 0) {
    oval.x = Math.min(Math.max(oval.x + dx, 0), photo.width);
    oval.y = Math.min(Math.max(oval.y + dy, 0), photo.height);
    oval.size = Math.min(Math.max(oval.size * larger, 16), 2 * Math.max(photo.width, photo.height));
    oval.angle += turn;
    moved();
  }
  const step = Math.max(1, photo.width / 100);
  const KEYS = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step],
    "+": [0, 0, 1.06], "-": [0, 0, 1 / 1.06], "<": [0, 0, 1, -0.07], ">": [0, 0, 1, 0.07] };
  const at = (event) => {
    const { left, top, width } = canvas.getBoundingClientRect(), unit = canvas.width / width;
    return [(event.clientX - left) * unit, (event.clientY - top) * unit];
  };
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "application");
  canvas.setAttribute("aria-label", "Óvalo sobre la foto: flechas lo mueven, + y − lo agrandan, < y > lo giran");
  canvas.style.touchAction = "none";
  canvas.onkeydown = (event) => {
    if (!KEYS[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    change(...KEYS[event.key]);
  };
  canvas.onpointerdown = (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, at(event));
  };
  canvas.onpointerup = canvas.onpointercancel = (event) => down.delete(event.pointerId) && moved();
  canvas.onpointermove = (event) => {
    if (!down.has(event.pointerId)) return;
    const before = [...down.values()];
    down.set(event.pointerId, at(event));
    const after = [...down.values()], n = after.length;
    const middle = (points, d) => points.reduce((sum, p) => sum + p[d] / n, 0);
    const arm = ([p, q]) => (q ? [Math.hypot(q[0] - p[0], q[1] - p[1]), Math.atan2(q[1] - p[1], q[0] - p[0])] : [1, 0]);
    const [long, angle] = arm(before), [longer, turned] = arm(after);
    change(middle(after, 0) - middle(before, 0), middle(after, 1) - middle(before, 1), longer / long, turned - angle);
  };
  show([], oval);
  return [["−", "-", "más chico"], ["+", "+", "más grande"], ["↺", "<", "gira a la izquierda"], ["↻", ">", "gira a la derecha"]]
    .map(([sign, key, label]) => button(sign, () => change(...KEYS[key]), { "aria-label": `Óvalo: ${label}` }));
}

// -- The page around it ---------------------------------------------------------------------------------

const status = el("p", { role: "status" });
function tell(text, kind = "") { // quiet: for who cannot see it
  status.className = text ? kind : "quiet";
  status.textContent = text;
}
const chosen = ({ target }) => (take([...target.files]), (target.value = ""));
const chooser = el("input", { type: "file", accept: "image/*,.heic,.heif", multiple: true, hidden: true, onchange: chosen });
const selfie = el("input", { type: "file", accept: "image/*", capture: "user", hidden: true, onchange: chosen });
const camera = button("Enciende el espejo", null, { class: "main" });
camera.onclick = start;
const live = el("div", { class: "live", hidden: true }, el("div", {}, stage, el("div", { class: "buttons" }, pause,
  button("Guarda", keep), button("Apaga", () => (stop(), camera.focus())))), answers);
const photos = el("div", { class: "photos" });
const card_ = el("section", { class: "card", "aria-label": "El espejo" },
  el("div", { class: "buttons" }, camera, button("Elige fotos", () => chooser.click()),
    el("span", { class: "small" }, "o suéltalas aquí, o pégalas"), chooser, selfie),
  status, live, photos,
  el("p", { class: "small" }, "Todo se calcula aquí: ninguna imagen sale de tu aparato. ",
    content.finder ? "Las caras las encuentra YuNet (Wu y otros, 2023; licencia MIT)." : ""));
card_.addEventListener("dragover", (event) => event.preventDefault());
card_.addEventListener("drop", (event) => (event.preventDefault(), take([...event.dataTransfer.files])));
document.addEventListener("paste", (event) => {
  if (!event.target.closest?.("input, textarea, [contenteditable]") && host.isConnected) take([...event.clipboardData.files]);
});
document.addEventListener("visibilitychange", () => document.hidden && stream && stop());
window.addEventListener("pagehide", () => stream && stop());
setInterval(() => stream && !host.isConnected && stop(), 500); // the cell ran again
root.append(el("style", {}, style), card_);
const see = async (file) => ask("photo", await photoOf(file), MOST);
host.mirror = { looks: 0, see, stream: () => stream, answers: () => cards.map(({ p }) => p) };
if (noCamera()) selfies(noCamera());
