// What the mirror asks: all faces of a photo, those before the camera, the face in an oval.
// Runs in a worker or, where a page may have none, in the page.

function answering(content) {
  const LIVE = 3, EVERY = 800; // faces before the camera; milliseconds from one search to the next
  const models = content.models.map((one) => ({ ...one, judge: judging(one) }));
  const looks = models.some((one) => one.aligned); // else the central square is what is judged
  const faces = content.finder && finder(yunet(floats(content.finder)));
  const once = (photo, { points }) => faces.closer(photo, points, [96], [false]);
  let followed = [], searched = -Infinity, last = 0;

  function judged(photo, points, id) {
    const { W, H } = photo, width = Math.min(W, H);
    const square = (n) => ({ corner: [(W - width) / 2, (H - width) / 2], pixel: [width / n, 0] });
    const place = (n) => (points ? back(points, n) : square(n));
    const answers = models.map(({ aligned, side, judge }) => {
      const seen = sample(photo, (aligned ? place : square)(side), side);
      return { seen, ...judge(seen) };
    });
    const corners = [[0, 0], [64, 0], [64, 64], [0, 64]].map((p) => forth(place(64), p));
    const isCut = !!points?.some(([x, y]) => x < 0 || y < 0 || x > W || y > H);
    return { id, corners, isCut, answers };
  }
  function photo(photo, most) { // as verdict.judge_photo: the largest, from left to right
    const found = looks ? faces.find(photo) : [null], turns = found[0] ? quarterTurns(found[0]) : 0;
    const upright = turned(photo, turns), { W, H } = photo;
    const turn = (marks) => quarterTurn(marks, W, H, turns);
    const shown = looks ? found.slice(0, most).map(turn).sort((p, q) => p[2][0] - q[2][0]) : found;
    const more = found.length - shown.length;
    return { faces: shown.map((points) => judged(upright, points)), turns, more };
  }
  function frame(photo) { // follows the faces, each by one look; searches now and then
    if (!looks) return { faces: [judged(photo, null, 0)] };
    const near = (f, g) => far(f.points[2], g.points[2]) < far(f.points[0], f.points[1]);
    const isNew = (f, others) => f.scores.length && !others.some((g) => near(f, g));
    const now = Date.now(), seen = followed.map((f) => ({ ...f, ...once(photo, f) }));
    followed = seen.filter((f, k) => isNew(f, seen.slice(0, k)));
    if (!followed.length || now - searched > EVERY) {
      for (const f of faces.first(photo, false).map((g) => once(photo, g))) {
        if (followed.length < LIVE && isNew(f, followed)) followed.push({ ...f, id: ++last });
      }
      searched = now;
    }
    return { faces: followed.map((f) => judged(photo, f.points, f.id)) };
  }
  function place(photo, where) { // where the reader has put the oval
    return { faces: [judged(photo, PLACES.map((p) => forth(where, p)), 0)] };
  }
  return ({ kind, photo: of, argument }) => ({ photo, frame, place })[kind](of, argument);
}
function serve(self) {
  let answer;
  self.onmessage = ({ data: { content, ...question } }) => {
    try {
      if (content) answer = answering(content);
      self.postMessage(content ? { isReady: true } : answer(question));
    } catch (error) {
      self.postMessage({ isReady: !!content, problem: String(error) });
    }
  };
}
