// What the networks say of a face, as the reader sees it: words as Python's, a bar, pictures.

const CALM = 200; // milliseconds, live: so that nothing flickers
const hue = (p) => (isDoubt(p) ? "#5f6770" : p > 0.5 ? "#E69F00" : "#0072B2");
const inWords = (cards, more = 0) => cards.map(({ p: [p] }, i) =>
  `${cards.length > 1 ? `cara ${i + 1}, ` : ""}${word(p)} (${shown(p)})`).join("; ")
  + (more ? `; y otras ${more}` : "");

function square(side, caption, label) { // a picture, to paint by colour(pixel, channel)
  const canvas = set(blank(side, side), { role: "img", "aria-label": label });
  const context = canvas.getContext("2d"), n = [0, 1, 2];
  const paint = (colour) =>
    context.drawImage(picture(side, (i) => [...n.map((k) => colour(i, k)), 255]), 0, 0);
  return { node: el("figure", {}, canvas, el("figcaption", {}, caption)), canvas, paint };
}
function channelNames({ directions, local_contrast, grey }) {
  if (!directions && !grey) return ["rojo", "verde", "azul"];
  const light = local_contrast ? "contraste" : "gris";
  return directions ? [light, "bordes ─ │", "bordes ╱ ╲"] : [light];
}
function counted(seen, share) { // each pixel's share, a little blurred, over a pale face
  const soft = (x, by) => x.map((v, i) => (2 * v + (x[i - by] ?? 0) + (x[i + by] ?? 0)) / 4);
  const even = soft(soft(share, 1), Math.sqrt(share.length)), sizes = even.map(Math.abs).sort();
  const most = Math.max(sizes[Math.floor(0.99 * sizes.length)], 1e-9); // a few stand out
  return (i, k) => {
    const paper = 0.4 * seen[3 * i + k] + 130, alpha = Math.min(1, Math.abs(even[i]) / most);
    return paper + alpha * ((even[i] > 0 ? [230, 159, 0] : [0, 114, 178])[k] - paper);
  };
}

function panel({ recipe, side, title }) { // one network's answer
  const says = answer(), names = channelNames(recipe), isPlain = names[0] === "rojo";
  const [no, yes] = data.classes, pull = `naranja, hacia «${yes}»; azul, hacia «${no}»`;
  const face = square(side, "la cara", "La cara en pocos píxeles, como la recibe la red");
  const given = names.map((name) => square(side, name, `Lo que se le da a la red: ${name}`));
  const causes = square(side, "lo que cuenta", `Lo que cuenta ahora: ${pull}`);
  const tiles = [face, ...given, causes], whose = title ? div("legend", title) : "";
  const node = div("panel", whose, says.node, div("tiles", ...tiles.map((one) => one.node)));
  function show({ seen, given: prepared, share }, p) {
    says.show(p);
    face.paint((i, k) => seen[3 * i + k]);
    given.forEach((one, c) => one.paint((i, k) => (isPlain && k !== c ? 0 : prepared[3 * i + c])));
    causes.paint(counted(seen, share));
  }
  return { node, show, tiles, title };
}
function answerCard() { // what each network says of one face; p: their probabilities
  const name = div("name"), panels = data.models.map(panel);
  const node = div("face", name, ...panels.map((one) => one.node));
  let id, odds, before;
  const mine = { node, panels, p: [] };
  mine.show = (face, title, isLive) => { // live, the log-odds glide to where they are now
    const now = performance.now(), glides = isLive && id === face.id;
    const part = glides ? 1 - Math.exp((before - now) / CALM) : 1;
    const aims = face.answers.map(({ p }) => Math.log(Math.max(p, 1e-9) / Math.max(1 - p, 1e-9)));
    odds = aims.map((aim, k) => (part < 1 ? odds[k] + part * (aim - odds[k]) : aim));
    [id, before] = [face.id, now];
    mine.p = part < 1 ? odds.map(sigmoid) : face.answers.map(({ p }) => p);
    name.textContent = title;
    name.hidden = !title;
    panels.forEach((one, k) => one.show(face.answers[k], mine.p[k]));
  };
  return mine;
}
function showAll(place, cards, faces, isLive) { // as many cards as faces
  while (cards.length > faces.length) cards.pop().node.remove();
  while (cards.length < faces.length) place.append(cards[cards.push(answerCard()) - 1].node);
  faces.forEach((face, i) => cards[i].show(face, faces.length > 1 ? `Cara ${i + 1}` : "", isLive));
}

// Frames around the faces, with number and verdict; the context's width is that of the photo.
function outline(context, faces, cards, isMirrored) {
  const { width, clientWidth } = context.canvas, unit = width / (clientWidth || 640);
  context.font = `650 ${15 * unit}px system-ui, sans-serif`;
  faces.forEach(({ corners }, i) => {
    const p = cards[i].p[0], at = corners.map(([x, y]) => [isMirrored ? width - x : x, y]);
    context.beginPath();
    at.forEach(([x, y]) => context.lineTo(x, y));
    context.closePath();
    for (const [strokeStyle, line] of [["#fff", 5], [hue(p), 3]]) {
      Object.assign(context, { strokeStyle, lineWidth: line * unit, lineJoin: "round" }).stroke();
    }
    const text = `${faces.length > 1 ? `${i + 1} · ` : ""}${word(p)}`;
    const wide = context.measureText(text).width + 16 * unit, high = 24 * unit;
    const left = Math.max(0, Math.min(width - wide, ...at.map(([x]) => x)));
    const top = Math.max(0, Math.min(...at.map(([, y]) => y)) - high);
    context.fillStyle = hue(p);
    context.fillRect(left, top, wide, high);
    context.fillStyle = p > 0.7 ? "#000" : "#fff";
    context.fillText(text, left + 8 * unit, top + 17 * unit);
  });
}

// One picture to keep: the photo, outlined already, and a row for each answer.
function kept(photo, cards) {
  const rows = cards.flatMap(({ p, panels }, i) => panels.map((one, k) => [one, p[k], i + 1]));
  const high = Math.round((1000 * photo.height) / photo.width), each = 150;
  const whole = blank(1000, high + each * rows.length), context = whole.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, 1000, whole.height);
  context.drawImage(photo, 0, 0, 1000, high);
  context.imageSmoothingEnabled = false;
  rows.forEach(([{ tiles, title }, p, number], n) => {
    const y = high + n * each, many = cards.length > 1 ? `${number}: ` : "";
    tiles.forEach(({ canvas }, k) => context.drawImage(canvas, 16 + 122 * k, y + 18, 114, 114));
    Object.assign(context, { fillStyle: hue(p), font: "650 34px system-ui, sans-serif" });
    context.fillText(`${many}${word(p)}`, 644, y + 56);
    context.fillRect(644, y + 112, 340 * p, 14);
    Object.assign(context, { fillStyle: "#1d2430", font: "20px system-ui, sans-serif" });
    context.fillText(`${shown(p)}   ${title}`, 644, y + 92, 340);
    context.strokeRect(644, y + 112, 340, 14);
  });
  return whole;
}
