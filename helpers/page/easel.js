// A face that is painted on and moved; needs no page. Pixels are 0 to 255, row by row, R, G and B.

function easel(side, faces) {
  const clean = (chosen) => ({
    chosen,
    paint: Float64Array.from(faces[chosen]),
    moves: { dx: 0, dy: 0, turn: 0, light: 100, mirror: false, negative: false },
  });
  const past = [], board = { ...clean(0), past, seen, stroke, remember, undo, put };
  const within = (place) => Math.min(side - 1, Math.max(0, place)); // outside, the edge goes on

  function source(x, y) { // where a point that is seen lies in what is painted on
    const { dx, dy, turn, mirror } = board.moves, c = (side - 1) / 2, a = (turn * Math.PI) / 180;
    const u = x - dx - c, v = y - dy - c;
    const across = c + Math.cos(a) * u + Math.sin(a) * v;
    const down = c - Math.sin(a) * u + Math.cos(a) * v;
    return [mirror ? side - 1 - across : across, down];
  }
  function seen() { // in whole numbers, as in any photo
    const { paint, moves } = board, image = new Uint8ClampedArray(3 * side * side);
    for (let y = 0, at = 0; y < side; y++) for (let x = 0; x < side; x++) {
      const [u, v] = source(x, y).map(within);
      const i = Math.min(Math.floor(u), side - 2), j = Math.min(Math.floor(v), side - 2);
      const s = u - i, t = v - j;
      for (let k = 0; k < 3; k++) {
        const p = 3 * (j * side + i) + k, q = p + 3 * side;
        const above = (1 - s) * paint[p] + s * paint[p + 3];
        const below = (1 - s) * paint[q] + s * paint[q + 3];
        const value = Math.min(255, (((1 - t) * above + t * below) * moves.light) / 100);
        image[at++] = moves.negative ? 255 - value : value;
      }
    }
    return image;
  }

  // What is near `to` gets lighter, darker, or what a finger brings there from `from`, a step away.
  function dab(from, to, { tool, radius }) {
    const [u, v] = source(...to), [x, y] = [u, v].map(Math.round), reach = Math.ceil(radius);
    const [dx, dy] = source(...from).map((place, axis) => [x, y][axis] - Math.round(place));
    const old = board.paint.slice(), goal = (tool === "light") !== board.moves.negative ? 255 : 0;
    for (let j = -reach; j <= reach; j++) for (let i = -reach; i <= reach; i++) {
      const px = x + i, py = y + j, far = Math.hypot(px - u, py - v) / (radius + 0.5);
      if (px !== within(px) || py !== within(py) || far >= 1) continue;
      for (let k = 0; k < 3; k++) {
        const at = 3 * (py * side + px) + k;
        const carried = old[3 * (within(py - dy) * side + within(px - dx)) + k];
        const [aim, share] = tool === "smudge" ? [carried, 0.9] : [goal, 0.3];
        board.paint[at] += (1 - far * far) * share * (aim - old[at]);
      }
    }
  }
  function stroke(from, to, brush) {
    const steps = Math.max(1, Math.ceil(Math.hypot(to.x - from.x, to.y - from.y)));
    const way = (s) => ["x", "y"].map((axis) => from[axis] + ((to[axis] - from[axis]) * s) / steps);
    for (let s = 1; s <= steps; s++) dab(way(s - 1), way(s), brush);
  }

  function remember() {
    past.push({ chosen: board.chosen, paint: board.paint.slice(), moves: { ...board.moves } });
    if (past.length > 60) past.shift();
  }
  function undo() {
    Object.assign(board, past.pop()); // nothing, where there is none
  }
  function put(chosen) { // a face, as it was
    remember();
    Object.assign(board, clean(chosen));
  }
  return board;
}
