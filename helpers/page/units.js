// The units of a network as they light up: squares with what each of the first layer weighs, then
// circles; lines, what flows between them. brightest: per hidden layer, each unit's largest answer.

function diagram(net, brightest, pick) {
  const { dims, W } = net, L = dims.length - 1, side = Math.sqrt(dims[0] / 3);
  const wide = 350, high = 282, top = 20, rows = Math.ceil(dims[1] / 2), cell = (high - top) / rows;
  const count = (n) => Array.from({ length: n }, (_, i) => i), layers = count(L + 1).slice(1);
  const spots = layers.flatMap((l) => count(dims[l]).map((j) => [l, j])); // unit j of layer l
  const wires = spots.slice(dims[1]).flatMap(([l, j]) => count(dims[l - 1]).map((i) => [l, j, i]));
  const weighs = count(dims[1]).map((j) => smooth(grey(W[1][j]), side));

  function place(l, j) {
    if (l === 1) return [16 + 38 * Math.floor(j / rows), top + cell * ((j % rows) + 0.5)];
    const gap = Math.min((high - top - 10) / dims[l], 40);
    const x = 70 + (wide - 88) * ((l - 1) / (L - 1)), y = (high + top) / 2;
    return [x, y + gap * (j - (dims[l] - 1) / 2)];
  }
  function spot([l, j]) {
    const [x, y] = place(l, j), size = Math.min(0.7 * cell, 24);
    if (l > 1) return `<g><circle cx="${x}" cy="${y}" r="${l < L ? 11 : 15}"/></g>`;
    const square = (tag, size) =>
      `<${tag} x="${x - size / 2}" y="${y - size / 2}" width="${size}" height="${size}" rx="4"/>`;
    return `<g>${square("rect", size + 6)}${square("rect", size)}${square("image", size)}</g>`;
  }
  function wire([l, j, i]) {
    const [ax, ay] = place(l - 1, i), [bx, by] = place(l, j), middle = (ax + bx) / 2;
    return `<path d="M${ax} ${ay}C${middle} ${ay} ${middle} ${by} ${bx} ${by}"/>`;
  }
  function name(l) {
    return `<text x="${l > 1 ? place(l, 0)[0] : 35}" y="11">${l < L ? `capa ${l}` : "ŷ"}</text>`;
  }
  const node = div(""), drawing = [...wires.map(wire), ...layers.map(name), ...spots.map(spot)];
  node.innerHTML = `<svg role="img" viewBox="0 0 ${wide} ${high}">${drawing.join("")}</svg>`;
  const svg = node.firstChild;
  const [lines, marks] = ["path", "g"].map((tag) => svg.querySelectorAll(tag));
  const colour = () => weighs.forEach((values, j) => {
    marks[j].lastChild.setAttribute("href", tile(side, values, 255).toDataURL());
  });
  colour();
  redraws.push(colour);
  weighs.forEach((_, j) => marks[j].addEventListener("click", () => pick(j)));

  function show(A, chosen) { // chosen: the unit of the first layer that is looked at
    const peaks = brightest.map((layer) => 0.35 * Math.max(...layer, 1e-9));
    wires.forEach(([l, j, i], k) => {
      const flow = W[l][j][i] * A[l - 1][i];
      const strong = Math.min(Math.abs(flow) / peaks[l - 2], 1), idle = strong < 0.02;
      lines[k].setAttribute("class", idle ? "" : flow > 0 ? "ink1" : "ink0");
      lines[k].style.opacity = idle ? 0.35 : 0.2 + 0.7 * strong;
      lines[k].style.strokeWidth = 0.5 + 3.5 * strong;
    });
    spots.forEach(([l, j], k) => {
      const a = A[l][j], light = l < L ? Math.min(a / (brightest[l - 1][j] || 1), 1) : 1;
      const name = l === L ? `end${+(a > 0.5)}` : light > 0 ? "on" : "";
      marks[k].setAttribute("class", l === 1 && j === chosen ? `${name} chosen` : name);
      marks[k].style.setProperty("--light", `${100 * (light && 0.15 + 0.85 * light)}%`);
    });
    const lit = A.slice(1, L).map((a) => `${a.filter((one) => one > 0).length} de ${a.length}`);
    svg.setAttribute("aria-label", `Unidades encendidas, capa por capa: ${lit.join(", ")}`);
    return lit.join(" · ");
  }
  return { node, weighs, show };
}

function grey(values) { // the sum of each pixel's three
  const sum = (_, i) => values[3 * i] + values[3 * i + 1] + values[3 * i + 2];
  return Float64Array.from({ length: values.length / 3 }, sum);
}
function smooth(values, side) { // a pixel alone is noise: 1 2 1 across, then down, twice
  const mix = (of, step, first, last) =>
    of.map((v, i) => (2 * v + of[first(i) ? i : i - step] + of[last(i) ? i : i + step]) / 4);
  const across = (of) => mix(of, 1, (i) => i % side === 0, (i) => i % side === side - 1);
  const down = (of) => mix(of, side, (i) => i < side, (i) => i >= side * (side - 1));
  return down(across(down(across(values))));
}
