// The mirror in its page: who computes, and what there is to press. Pictures stay in the page.

const MOST = 8, KEPT = 20; // faces of a photo that get an answer; photographs on the page
const LONGEST = 1600, LIVE = 640; // pixels of what is looked at: a photo, the camera's picture
const isBlind = !data.finder && data.models.some((model) => model.aligned);

let computer; // a worker or, where none may be had, the page
const opened = () => (computer ??= new Promise((done) => {
  const inPage = () => {
    const answer = engine().answering(data), rest = () => new Promise((on) => setTimeout(on));
    done((question) => rest().then(() => answer(question)));
  };
  try {
    const source = new Blob([`(${engine})().serve(self)`]), waiting = []; // answered in this order
    const worker = new Worker(URL.createObjectURL(source));
    const post = (question) => new Promise((...ends) => {
      waiting.push(ends);
      worker.postMessage(question, [question.photo.data.buffer]);
    });
    worker.onerror = inPage;
    worker.onmessage = ({ data: said }) => {
      if (said.isReady) return done(post);
      const [answer, fail] = waiting.shift();
      if (said.problem) fail(new Error(said.problem));
      else answer(said);
    };
    worker.postMessage({ content: data });
  } catch {
    inPage();
  }
}));
async function ask(kind, canvas, argument) {
  const { width: W, height: H } = canvas, answer = await opened();
  const pixels = canvas.getContext("2d").getImageData(0, 0, W, H);
  return answer({ kind, photo: { data: pixels.data, W, H, step: 4 }, argument });
}
function drawn(picture, width, height, longest) { // small enough, on white
  const scale = Math.min(1, longest / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(1, Math.round(scale * side)));
  const canvas = blank(w, h), context = canvas.getContext("2d", { willReadFrequently: true });
  Object.assign(context, { fillStyle: "#fff", imageSmoothingQuality: "high" }).fillRect(0, 0, w, h);
  context.drawImage(picture, 0, 0, w, h);
  return canvas;
}
function save(canvas, name) {
  canvas.toBlob((blob) => {
    const href = URL.createObjectURL(blob);
    el("a", { href, download: `${name}.jpg` }).click();
    setTimeout(() => URL.revokeObjectURL(href), 60_000);
  }, "image/jpeg", 0.92);
}

const status = el("p", { role: "status", class: "hidden" });
function tell(text, kind = "") { // hidden: for those who cannot see it
  status.className = text ? kind : "hidden";
  status.textContent = text;
}
const pick = (more) => el("input", { type: "file", accept: "image/*", hidden: true, ...more,
  onchange: ({ target }) => take([...target.files]).then(() => (target.value = "")) });
const chooser = pick({ multiple: true, accept: "image/*,.heic,.heif" });
const selfie = pick({ capture: "user" });
const photos = div("photos"), still = el("slot", { name: "still" }); // until there is something
const card = el("section", { class: "card mirror", "aria-label": data.title },
  div("row", camera, button("Elige fotos", () => chooser.click()),
    el("span", { class: "drop" }, "o suéltalas aquí, o pégalas"), chooser, selfie),
  status, live, still, photos,
  small("Todo se calcula aquí: ninguna imagen sale de tu aparato. ",
    data.finder ? "Las caras las encuentra YuNet (Wu y otros, 2023; licencia MIT)." : ""));
card.addEventListener("dragover", (event) => event.preventDefault());
card.addEventListener("drop", (event) => {
  event.preventDefault();
  take([...event.dataTransfer.files]);
});
document.addEventListener("paste", ({ target, clipboardData }) => {
  const isText = target.closest?.("input, textarea, [contenteditable]");
  if (!isText && host.isConnected) take([...clipboardData.files]);
});
document.addEventListener("visibilitychange", () => document.hidden && stream && stop());
window.addEventListener("pagehide", () => stream && stop());
setInterval(() => stream && !host.isConnected && stop(), 500); // its cell ran again
root.append(card);
const see = async (file) => ask("photo", await upright(file), MOST);
host.page = { looks: 0, see, stream: () => stream };
if (noCamera()) selfies(noCamera());
