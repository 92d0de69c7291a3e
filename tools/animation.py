"""Draw README's animations: ``python -m tools.animation`` → images/aprender.gif, images/espejo.gif.

The story's network learns on caras: the weights of six units of its first layer, its answers to the
training images, a dot each, and its cost, in equal parts of the square root of the steps. And the
mirror at work, photographed in Chromium, on the project's example and on caras.
"""

import base64
import io
import shutil

import numpy as np
from PIL import Image, ImageOps

from helpers import canvas, data, evaluation, inspection, model, plots, training
from helpers.files import PROJECT, whole_file
from helpers.model import STORY
from helpers.page import mirror
from helpers.page.base import document
from tools import command

GIF = PROJECT / "images" / "aprender.gif"
FRAMES, LASTS, HOLD = 48, 110, 1800  # frames; ms for each; ms more for the last
SIZE = 8.0, 4.9  # inches, of 100 pixels each
COLORS = 96
MIRROR = PROJECT / "images" / "espejo.gif"
PEOPLE = 3, -1  # of caras, in the order of the model's answers
EACH, PACE, TOP = 7, 170, 60  # frames of each person; ms for a frame; pixels above what is seen
MIRROR_AT = "https://espejo/"  # nobody's address: a browser gives its camera to a safe one only
CAMERA = """
const film = Object.assign(document.createElement("canvas"), { width: 640, height: 480 });
const context = film.getContext("2d");
navigator.mediaDevices.getUserMedia = async () => film.captureStream(20);
let scene = new Image();
setInterval(() => scene.complete && context.drawImage(scene, 0, 0), 40);
window.show = (text) => { scene.src = `data:image/png;base64,${text}`; };
"""


def film(caras, frames=FRAMES, recipe=STORY):
    """Train; return the moments, costs (one a step), answers (frames, m), weights (frames, 6, h, w)."""
    X, Y = data.flatten(caras.train_x), caras.train_y
    moments, dims = training.moments_of(recipe, frames), [len(X), *recipe.hidden, 1]
    seed = recipe.seeds[0]
    costs, kept, answers = training.film(X, Y, dims, moments, recipe.learning_rate, seed=seed)
    _, learnt = inspection.look(X, [kept[n] for n in moments], 6)
    limit = np.quantile(np.abs(learnt[-1]), 0.995, (1, 2))[:, None, None]
    return moments, costs, np.vstack([answers[n] for n in moments]), learnt / limit


def pictures(caras, moments, costs, answers, weights):
    """Yield the frames, as Pillow's images."""
    Y, steps = caras.train_y[0], moments[-1]
    figure = canvas.Figure(*SIZE, layout=None)
    tiles = []
    for u, first in enumerate(weights[0]):
        place = 0.015 + 0.138 * (u % 3), 0.6 - 0.235 * (u // 3), 0.132, 0.225
        tiles.append(figure.add_axes(place).imshow(first, cmap=plots.TOWARDS, vmin=-1, vmax=1))
        tiles[-1].axes.axis("off")
    dots = figure.add_axes((0.545, 0.365, 0.43, 0.46), xlim=(-0.03, 1.03), ylim=(0, 1))
    heights = (np.arange(len(Y)) * 0.618034 % 1) * 0.42 + np.where(Y == 1, 0.55, 0.03)
    colors = np.array(plots.CLASS_COLORS)[Y]
    dots.axvline(0.5, color="#B8C4CC", linestyle=(0, (4, 4)), zorder=0)
    points = dots.scatter(answers[0], heights, 15, c=colors, alpha=0.6, linewidths=0)
    order = evaluation.worst_first(answers[-1:], caras.train_y)[::-1]
    for label in (0, 1):  # a face that it has learnt, as the name of each row
        face = figure.add_axes((0.45, 0.365 + 0.24 * label, 0.08, 0.22))
        mine = order[Y[order] == label]
        face.imshow(caras.train_x[mine[len(mine) // 3]])
        face.set(xticks=[], yticks=[])
        face.spines[:].set(visible=True, color=plots.CLASS_COLORS[label], linewidth=3)
    curve = figure.add_axes((0.085, 0.1, 0.875, 0.17), xlim=(0, 1), ylim=(0, 0.8))
    x = np.sqrt(np.arange(len(costs)) / steps)
    curve.plot(x, costs, color=plots.NETWORK, alpha=0.2, linewidth=1)
    (line,) = curve.plot([], [], color=plots.NETWORK)
    (head,) = curve.plot([], [], "o", color=plots.NETWORK, markersize=9, clip_on=False)
    for axes in (dots, curve):
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color("#B8C4CC")
        axes.tick_params(length=0, colors="#5d6875", labelsize=13)
    dots.set_xticks([0, 1], [f"← {caras.classes[0]}", f"{caras.classes[1]} →"], fontsize=15)
    dots.set_yticks([])
    for tick, color, side in zip(dots.get_xticklabels(), plots.CLASS_INKS, ("left", "right")):
        tick.set(color=color, ha=side, fontweight="bold")
    ticks = [n for n in (0, 100, 500, 1000) if n < steps / 2] + [steps]
    curve.set_xticks(np.sqrt(np.array(ticks) / steps), [f"{n:,}" for n in ticks])
    curve.set_yticks([0, 0.5])
    figure.text(0.015, 0.925, "La red: mírala aprender", fontsize=21, fontweight="bold")
    figure.text(0.015, 0.85, "lo que buscan seis unidades", color="#5d6875")
    figure.text(0.015, 0.285, "costo", color="#5d6875")
    right = figure.text(0.975, 0.85, "", ha="right", color="#5d6875")
    step = figure.text(0.975, 0.925, "", ha="right", fontsize=21)
    for n, AL, frame in zip(moments, answers, weights):
        for tile, values in zip(tiles, frame):
            tile.set_data(np.sign(values) * np.abs(values) ** 0.7)  # the first, pale ones too
        points.set_offsets(np.column_stack([AL, heights]))
        line.set_data(x[: n + 1], costs[: n + 1])
        head.set_data([x[n]], [min(costs[n], 0.8)])
        step.set_text(f"paso {n:,}")
        share = evaluation.percent(np.mean((AL > 0.5) == Y), 0)
        right.set_text(f"acierta {share} de {len(Y)} caras")
        figure.canvas.draw()
        yield Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")


def saved(path, frames, times, method=Image.Quantize.MAXCOVERAGE):
    """Write ``frames``, Pillow's images, as a GIF that goes on for ever, and say how large it is."""
    # One palette for all, from moments of every kind, so that what rests costs no bytes.
    some = np.vstack([np.asarray(frame) for frame in frames[:: -(len(frames) // 4)]])
    inked = some[(some < 250).any(axis=2)]  # else most of the colours were kinds of white
    inked = np.vstack([inked, np.full((len(inked) // 20, 3), 255)])[None].astype(np.uint8)
    palette = Image.fromarray(inked).quantize(COLORS, method=method)
    frames = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    more = {"append_images": frames[1:], "duration": times, "loop": 0, "optimize": True}
    with whole_file(path) as unfinished:
        frames[0].save(unfinished, "GIF", save_all=True, **more)
    print(f"{path}: {path.stat().st_size / 1e3:,.0f} kB, {sum(times) / 1000:.1f} s")


def before_the_mirror(caras, judge):
    """Yield what a camera would see, (480, 640, 3): the example's face, then drawn ones, by turns."""
    example = Image.open(PROJECT / "images" / "ejemplo.jpg").convert("RGB")
    order = np.argsort(judge.predict_proba(caras.test_x)[0])
    people = [example, *(Image.fromarray(caras.test_x[order[k]]) for k in PEOPLE)]
    scenes = []
    for person in people:  # the drawn ones are close-ups: as portraits on a wall
        size, at = (640, (0, 0)) if person is example else (340, (150, 140))
        scenes.append(Image.new("RGB", (640, 640), "#e4e8ee"))
        scenes[-1].paste(person.resize((size, size), Image.Resampling.BICUBIC), at)
    for k, scene in enumerate(scenes):
        following = scenes[(k + 1) % len(scenes)]
        for i in range(EACH):
            angle, shift = 5 * np.sin(2 * np.pi * i / EACH), 20 * np.sin(4 * np.pi * i / EACH)
            wide = Image.fromarray(np.pad(scene, ((90, 90), (90, 90), (0, 0)), "edge"))
            turned = wide.rotate(angle, Image.Resampling.BICUBIC).crop((90, 90, 730, 730))
            seen = Image.blend(turned, following, max(0, i - EACH + 2) / 2)
            yield seen.crop((0, TOP + int(shift), 640, TOP + int(shift) + 480))


def reflected(caras, judge):
    """The mirror at work, as Pillow's images: photographed in a browser, its camera a canvas."""
    command.optional("playwright", "dibujar el espejo.")
    from playwright.sync_api import sync_playwright

    page_of = document("Espejo", mirror(judge).fragment)
    names = "chromium", "chromium-browser", "google-chrome", "chrome", "msedge"
    found = next(filter(None, map(shutil.which, names)), None)  # else playwright's own
    with sync_playwright() as tool:
        arguments = ["--disable-gpu", "--no-sandbox"]
        browser = tool.chromium.launch(executable_path=found, args=arguments)
        page = browser.new_page(viewport={"width": 730, "height": 700})
        page.add_init_script(CAMERA)
        page.route(MIRROR_AT, lambda route: route.fulfill(body=page_of, content_type="text/html"))
        page.goto(MIRROR_AT)
        for scene in before_the_mirror(caras, judge):
            scene.save(stream := io.BytesIO(), "PNG")
            page.evaluate("show", base64.b64encode(stream.getvalue()).decode())
            if page.get_by_role("button", name="Enciende el espejo").is_visible():
                page.get_by_role("button", name="Enciende el espejo").click()
                page.wait_for_timeout(2500)
            page.wait_for_timeout(450)  # until it has looked, and its needle rests
            high = page.locator(".live .stage").bounding_box()["height"]  # without the buttons
            picture = Image.open(io.BytesIO(page.locator(".live").screenshot())).convert("RGB")
            yield ImageOps.expand(picture.crop((0, 0, picture.width, int(high))), 12, "white")
        browser.close()


def main():
    """Write both animations and say how large they are."""
    command.writable(GIF, MIRROR)
    caras = data.load_dataset("caras", data.DATASETS)
    with canvas.style(**{"axes.grid": False, "font.size": 15}):
        frames = list(pictures(caras, *film(caras)))
    saved(GIF, frames, [LASTS] * (len(frames) - 1) + [LASTS + HOLD])
    frames = list(reflected(caras, model.load_model(PROJECT / "models" / "smiles.h5")))
    saved(MIRROR, frames, [PACE] * len(frames), Image.Quantize.MEDIANCUT)


if __name__ == "__main__":
    command.run(main)
