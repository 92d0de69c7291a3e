// What the mirror asks for: all faces of a photo, those of the camera's picture, the face in an oval.
// Runs in a worker or, where a page may have none, in the page.

function answering(content) {
  const LIVE = 3, EVERY = 800; // faces before the camera; milliseconds from one search to the next
  const models = content.models.map((one) => ({ aligned: one.aligned, judge: judging(one) }));
  const faces = content.finder && finder(yunet(new Float32Array(bytes(content.finder).buffer)));
  const looks = models.some((one) => one.aligned); // else the central square is what is judged
  let followed = [], searched = -Infinity, number = 0;

  function square({ W, H }) { // the central one of a photo, as a place
    const side = Math.min(W, H);
    return { corner: [(W - side) / 2, (H - side) / 2], pixel: [side / 64, 0] };
  }
  function judged(photo, points, id) {
    const place = points ? back(points, 64) : square(photo);
    const seen = models.map((one) => sample(photo, one.aligned ? place : square(photo), 64));
    return {
      id,
      points,
      corners: [[0, 0], [64, 0], [64, 64], [0, 64]].map((p) => forth(place, p)),
      isCut: !!points?.some(([x, y]) => x < 0 || y < 0 || x > photo.W || y > photo.H),
      answers: models.map((one, k) => ({ seen: seen[k], ...one.judge(seen[k]) })),
    };
  }

  function photo(photo, most) { // as widgets.judge_photo: the largest from left to right
    let found = looks ? faces.find(photo) : [null], turns = 0;
    const more = Math.max(0, found.length - most);
    if (found[0]) {
      turns = quarterTurns(found[0]);
      found = found.map((points) => quarterTurn(points, photo.W, photo.H, turns));
      photo = turned(photo, turns);
      found = found.slice(0, most).sort((p, q) => p[2][0] - q[2][0]);
    }
    return { faces: found.map((points) => judged(photo, points)), turns, more };
  }
  function frame(photo) { // follows the faces, each by one look; searches now and then
    if (!looks) return { faces: [judged(photo, null, 0)] };
    const seen = followed.map((f) => ({ ...f, ...faces.closer(photo, f.points, [96], [false]) }));
    const width = (f) => far(f.points[0], f.points[1]);
    const isNew = (f, among) => among.every((g) => far(f.points[2], g.points[2]) > width(g));
    const kept = seen.filter((f, k) => f.scores.length && isNew(f, seen.slice(0, k)));
    if (!kept.length || performance.now() - searched > EVERY) {
      for (const { points } of faces.first(photo, false)) {
        const f = { id: number + 1, ...faces.closer(photo, points, [96], [false]) };
        if (kept.length < LIVE && isNew(f, kept)) kept.push(f), number++;
      }
      searched = performance.now();
    }
    followed = kept;
    return { faces: kept.map((f) => judged(photo, f.points, f.id)) };
  }
  function place(photo, { corner, pixel }) { // where the reader has put the oval
    return { faces: [judged(photo, PLACES.map((p) => forth({ corner, pixel }, p)), 0)] };
  }
  return ({ kind, photo: of, argument }) => ({ photo, frame, place })[kind](of, argument);
}

function serve(self) {
  let answer;
  self.onmessage = ({ data: { id, content, ...question } }) => {
    try {
      if (content) answer = answering(content);
      self.postMessage(content ? {} : { id, ...answer(question) });
    } catch (error) {
      self.postMessage({ id, problem: String(error) });
    }
  };
}
