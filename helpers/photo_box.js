// The browser's half of widgets.PhotoBox: chooses photos, or takes them with the computer's camera,
// and makes each small before it is sent. Jupyter drops every message over 10 MiB without a word.

const LONGEST_SIDE = 1600; // pixels, as in widgets.py
const JPEG_QUALITY = 0.92;
const LARGEST_RAW_FILE = 8 * 2 ** 20; // bytes; of those that this browser cannot open
const PATIENCE = 30_000; // milliseconds before the reader is told what to do

const CAMERA_PROBLEMS = {
  NotAllowedError:
    "no hay permiso. Dáselo en el botón junto a la dirección de la página o, si ahí lo tiene, en los " +
    "ajustes de privacidad de tu sistema, y prueba otra vez",
  NotFoundError: "no encontré ninguna. Conéctala o enciéndela, y prueba otra vez",
  NotReadableError: "otro programa la está usando. Ciérralo, y prueba otra vez",
};

/** Say what keeps this page from the camera: where it is, or an error of getUserMedia. */
function cameraProblem(error) {
  if (/vscode/.test(location.origin) || document.featurePolicy?.allowsFeature("camera") === false)
    return "aquí, como en VS Code, la página no puede usarla. Abre el cuaderno en tu navegador";
  if (!window.isSecureContext)
    return "el navegador solo la presta a páginas https o de esta misma computadora (localhost)";
  if (!navigator.mediaDevices) return "este navegador no la presta. Prueba con otro";
  return error && (CAMERA_PROBLEMS[error.name] ?? `no pude abrirla (${error.name}: ${error.message})`);
}

/** Draw a bitmap or a video's present picture on white, small enough, and return it as a JPEG. */
async function toJpeg(picture, width, height) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(scale * width));
  canvas.height = Math.max(1, Math.round(scale * height));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white"; // a JPEG knows no transparency
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", JPEG_QUALITY));
  return blob.arrayBuffer();
}

/** Return a file as a small upright JPEG, or as it is if only Python may know its format. */
async function readPhoto(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    if (file.size <= LARGEST_RAW_FILE) return file.arrayBuffer();
    const megabytes = (file.size / 2 ** 20).toFixed(0);
    throw new Error(
      `el navegador no puede abrirla y, con ${megabytes} MB, es demasiado grande para enviarla ` +
        "entera (a lo más 8 MB). Guárdala como JPG o PNG y elígela otra vez.",
    );
  }
  try {
    return await toJpeg(bitmap, bitmap.width, bitmap.height);
  } finally {
    bitmap.close();
  }
}

function button(label, onclick) {
  const result = document.createElement("button");
  result.type = "button";
  result.className = "jupyter-widgets jupyter-button";
  result.textContent = label;
  result.onclick = onclick;
  return result;
}

function render({ model, el }) {
  const waiting = new Set(); // ids of the photos without an answer
  let timer, stream;
  let taken = 0;
  let opened = 0; // how often the camera was opened or closed

  const chooser = document.createElement("input");
  chooser.type = "file";
  chooser.accept = "image/*,.heic,.heif";
  chooser.multiple = true;
  chooser.hidden = true;

  const video = document.createElement("video");
  video.playsInline = video.muted = true;
  video.style.cssText = "display: block; max-width: 100%; width: 400px; transform: scaleX(-1)";

  const status = document.createElement("div");
  status.setAttribute("role", "status");

  function tell(sentence) {
    clearTimeout(timer);
    status.textContent = sentence;
  }

  function tellWaiting() {
    const n = waiting.size;
    tell(n === 0 ? "" : n === 1 ? "Mirando la foto…" : `Mirando ${n} fotos…`);
    if (n === 0) return;
    timer = setTimeout(() => {
      const advice = "Si ninguna otra celda se está ejecutando, ejecuta esta otra vez.";
      tell(`La respuesta tarda. ${advice}`);
    }, PATIENCE);
  }

  /** Send a photo, one a message; `read` is a promise of its bytes. */
  async function send(name, read) {
    const id = crypto.getRandomValues(new Uint32Array(2)).join("-");
    waiting.add(id);
    tellWaiting();
    try {
      model.send({ id, name }, undefined, [await read]);
    } catch (error) {
      model.send({ id, name, problem: error.message });
    }
  }

  chooser.onchange = async () => {
    const files = [...chooser.files];
    chooser.value = ""; // so that the same file can be chosen again
    for (const file of files) await send(file.name, readPhoto(file)); // one at a time in memory
  };

  async function openCamera() {
    closeCamera();
    const mine = opened;
    let problem = cameraProblem();
    try {
      if (!problem) {
        const lent = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
        if (mine !== opened) return lent.getTracks().forEach((track) => track.stop());
        stream = video.srcObject = lent;
        await video.play();
      }
    } catch (error) {
      problem = cameraProblem(error);
    }
    if (mine !== opened) return; // a later click has opened or closed it
    if (problem) {
      closeCamera();
      tell(`Cámara: ${problem}. También puedes elegir una foto ya tomada.`);
      return;
    }
    tell("");
    controls.replaceChildren(smile, close);
    el.insertBefore(video, status);
    smile.focus();
  }

  function closeCamera() {
    opened += 1;
    stream?.getTracks().forEach((track) => track.stop());
    stream = video.srcObject = null;
    video.remove();
    controls.replaceChildren(choose, camera);
  }

  function takePicture() {
    taken += 1;
    send(`cámara, foto ${taken}`, toJpeg(video, video.videoWidth, video.videoHeight));
  }

  const choose = button("Elige fotos", () => chooser.click());
  const camera = button("Usa la cámara", openCamera);
  const smile = button("¡Sonríe!", takePicture);
  const close = button("Cierra la cámara", closeCamera);
  smile.classList.add("mod-primary");
  const controls = document.createElement("div");
  controls.append(choose, camera);

  // Once this is drawn, the plain button that does without it is one too many.
  const style = document.createElement("style");
  style.textContent = ".photo-box-plain { display: none }";

  el.append(style, chooser, controls, status);

  function receive(message) {
    if (waiting.delete(message.answered)) tellWaiting();
  }
  model.on("msg:custom", receive);
  return () => {
    model.off("msg:custom", receive);
    clearTimeout(timer);
    closeCamera();
  };
}

export default { render };
