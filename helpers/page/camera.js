// The mirror, live: one picture at a time, and none that the screen doesn't need.

const REST = 60, PATIENCE = 1500; // milliseconds: between pictures; until a change is said aloud
const INSTEAD = " Mientras tanto, con el mismo botón te tomas una foto.";
const AGAIN = " y vuelve a cargar la página.", NOBODY = "No veo ninguna cara: acércate, de frente.";
const DENIED = "No hay permiso para usar la cámara. Dáselo en el botón junto a la dirección de la "
  + `página o en los ajustes de privacidad de tu sistema,${AGAIN}`;
const MISSING = `No encontré ninguna cámara. Conéctala o enciéndela,${AGAIN}`;
const TAKEN = `Otro programa está usando la cámara. Ciérralo,${AGAIN}`;
const PROBLEMS = { NotAllowedError: DENIED, SecurityError: DENIED, NotFoundError: MISSING,
  OverconstrainedError: MISSING, NotReadableError: TAKEN, AbortError: TAKEN };
function noCamera() { // why there can be none here, and where there would be
  if (document.featurePolicy?.allowsFeature("camera") === false)
    return "Aquí dentro no se puede usar la cámara. Abre la página por sí sola y será en vivo.";
  if (!window.isSecureContext)
    return "El navegador solo presta la cámara a páginas https y a archivos de esta computadora.";
  if (navigator.mediaDevices?.getUserMedia) return "";
  return "Este navegador no presta la cámara, como los que van dentro de otras aplicaciones. Abre "
    + "la página en Chrome, Firefox o Safari y será en vivo.";
}

let stream = null, turn = 0, spoken = "", heard = "", since = 0;
const cards = [], frames = el("canvas", { "aria-hidden": "true" });
const video = el("video", { playsinline: true, "aria-label": "Tú, en el espejo" });
video.muted = true;
const pause = button("Pausa", () => (video.paused ? video.play() : video.pause()));
video.onpause = video.onplay = () => {
  pause.textContent = video.paused ? "Sigue" : "Pausa";
  if (video.paused && stream) mirrorOnce(turn); // the very picture that stays
};
const camera = button("Enciende el espejo", () => instead(), { class: "main" });
let instead = start; // what the button does
const off = button("Apaga", () => {
  stop();
  camera.focus();
});
const answers = div("answers");
const live = set(div("live",
  div("", div("stage", video, frames), div("row", pause, button("Guarda", keep), off)), answers),
{ hidden: true });

async function start() {
  stop();
  const mine = turn;
  tell("Pidiendo la cámara…");
  try {
    const wanted = { facingMode: "user", width: { ideal: LIVE }, height: { ideal: 480 } };
    const lent = await navigator.mediaDevices.getUserMedia({ video: wanted });
    const tracks = lent.getTracks();
    if (mine !== turn) return tracks.forEach((track) => track.stop());
    tracks.forEach((track) => track.addEventListener("ended", stop));
    stream = video.srcObject = lent;
    live.hidden = !(camera.hidden = true);
    await video.play();
  } catch (error) {
    if (mine !== turn) return;
    stop();
    return selfies(PROBLEMS[error.name] ?? "No pude abrir la cámara: prueba en otro navegador.");
  }
  pause.focus();
  tell(isBlind ? "Pon tu cara en el óvalo." : "");
  const drawing = (on) => (video.requestVideoFrameCallback?.(on) ?? requestAnimationFrame(on));
  while (mine === turn) {
    await new Promise(drawing);
    if (mine === turn) await mirrorOnce(mine);
    await new Promise((on) => setTimeout(on, REST));
  }
}
async function mirrorOnce(mine) {
  const picture = drawn(video, video.videoWidth, video.videoHeight, LIVE), oval = centred(picture);
  const { faces } = await ask(isBlind ? "place" : "frame", picture, placeOf(oval));
  if (mine !== turn) return;
  showAll(answers, cards, faces, true);
  Object.assign(frames, { width: picture.width, height: picture.height });
  if (isBlind) drawOval(frames.getContext("2d"), oval);
  else outline(frames.getContext("2d"), faces, cards, true);
  host.page.looks += 1;
  if (faces.length) speak(`La red dice: ${inWords(cards)}`, "hidden");
  else speak(NOBODY);
}
function speak(text, kind) { // what has stayed for a while; not the digits, which never rest
  const plain = text.replace(/ \(.*?\)/g, "");
  if (plain !== heard) [heard, since] = [plain, performance.now()];
  if (heard === spoken || performance.now() - since < PATIENCE) return;
  spoken = heard;
  tell(text, kind);
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
  const { videoWidth: w, videoHeight: h } = video, photo = blank(w, h);
  const context = photo.getContext("2d");
  context.setTransform(-1, 0, 0, 1, w, 0);
  context.drawImage(video, 0, 0);
  context.resetTransform();
  context.drawImage(frames, 0, 0, w, h);
  save(kept(photo, cards), "espejo");
}
function selfies(why) { // from now on the button takes a photo
  camera.textContent = "Tómate una foto";
  instead = () => selfie.click();
  tell(why + INSTEAD, "error");
}
