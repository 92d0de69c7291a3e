"""Write the story as a page to publish: ``python -m tools.page``.

One file that opens from disk, without network or kernel: the mirror, the film and the drawing page,
then the story, its code folded, in figures for a phone. Always with the data set ``caras``: no living
person's face is published. Links into the project lead to its repository where GITHUB_REPOSITORY
names it, as on GitHub's machines; elsewhere only words are left.
"""

import copy
import os
import re
import sys

import nbformat
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from helpers import data, plots
from tools import command, report

PAGE = report.PROJECT / "reporte" / "pagina" / "index.html"
PREVIEW = "vista.jpg"  # beside it: what is shown of a link to it
LARGEST = 5_000_000  # bytes: what one still sends to a friend
TITLE = "¿Sonríe o no?"
ABOUT = "Una red neuronal escrita desde cero te mira: sonríele, mírala aprender y dibuja sobre sus caras."
GREETING = (
    "Una **red neuronal**, escrita desde cero con NumPy, dice si sonríes. Enciende el espejo y "
    "**¡sonríe!** Lo que ve la cámara no sale de tu aparato."
)
# What runs comes first, in this order: kind → what is said above it.
FIRST = {
    "mirror": "",
    "watch": "## Mírala aprender\n\nAl principio no sabe nada. Aprieta el botón: así aprendió otra, más "
    "pequeña, con caras de gente que no existe.",
    "touch": "## Dibuja sobre una cara\n\n¿Puedes hacer sonreír a alguien con tres trazos? Dibuja, "
    "muévela, voltéala, y mira qué unidades se encienden.",
}
UP = {"mirror": "El espejo está", "watch": "Mírala aprender,", "touch": "Dibuja sobre una cara,"}
STORY = (
    "## Y ahora, la historia\n\nCómo se hace una red así, qué tan buena es y en qué se equivoca."
)
NEEDS_KERNEL = "check_packages()", "exercises.check("
EXERCISES = "**Ejercicios.**"


def arranged(notebook, repository=None):
    """Return a copy of ``notebook`` as it is published: what runs in the page, then the story.

    Left out is what needs a kernel: the check of the packages, the exercises. Where something ran,
    its figure stays, with a link up to it.
    """
    notebook, runs, story = copy.deepcopy(notebook), {}, []
    markdown = nbformat.v4.new_markdown_cell
    for cell in notebook.cells:
        if any(words in cell.source for words in NEEDS_KERNEL):
            continue
        if cell.cell_type == "markdown":
            cell.source = cell.source.partition(EXERCISES)[0]
            cell.source = re.sub(r"\A# .+|!\[.*?\]\(images/red\.png\)", "", cell.source).strip()
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/html", "")
            found = re.match(r'<div class="smile-page" data-kind="(\w+)">(.*?)</div>', text, re.S)
            if found:
                kind, left = found.groups()
                picture = left if kind == "watch" else ""  # not the sentence that stands for it
                runs[kind] = text
                link = f'<p><a href="#{kind}">{UP[kind]} arriba ↑</a></p>'
                output.data["text/html"] = picture + link
        if cell.source:
            story.append(cell)
    top = [markdown(f"# {TITLE}\n\n{GREETING}")]
    for kind, words in FIRST.items():
        if kind in runs:
            output = nbformat.v4.new_output("display_data", {"text/html": runs[kind]})
            top.append(markdown(f'<a id="{kind}"></a>\n\n{words}'))
            top.append(nbformat.v4.new_code_cell("", outputs=[output]))
    project = f"[el proyecto]({repository})" if repository else "el proyecto"
    below = f"---\n\nTodo el código, los cuadernos y los datos: {project}."
    notebook.cells = [*top, markdown(STORY), *story, markdown(below)]
    return notebook


def published(notebook, repository=None):
    """Return ``notebook`` as HTML, with what is shown of links to it, and links that work anywhere.

    repository: the project's address; without one, links into the project become their words.
    """

    def outward(link):
        return repository and f"{repository}/blob/HEAD/{link}"

    notebook, says = arranged(notebook, repository), {"about": ABOUT, "preview": _address()}
    return report.to_html(notebook, lead=outward, fold=True, **says)


def _address():
    """Where the preview is: whole, as those who show it ask, where GitHub is to publish the page."""
    owner, _, name = os.environ.get("GITHUB_REPOSITORY", "").partition("/")
    return f"https://{owner.lower()}.github.io/{name}/{PREVIEW}" if name else PREVIEW


def preview(images, answers):
    """Draw what is shown of a link, (1200, 630): faces that smile, framed, and others; the title."""
    picture = Image.new("RGB", (1200, 630), "#16191e")
    draw = ImageDraw.Draw(picture)
    for k in range(50):
        at = 120 * (k % 10) + 4, 126 * (k // 10) + 4
        color = plots.CLASS_COLORS[int(answers[k])]
        draw.rectangle((at[0] - 2, at[1] - 2, at[0] + 113, at[1] + 119), color)
        picture.paste(Image.fromarray(images[k]).resize((108, 114)), (at[0] + 2, at[1] + 2))
    draw.rectangle((0, 252, 1200, 503), "#16191e")
    large, small = (ImageFont.truetype(findfont("DejaVu Sans:bold"), size) for size in (104, 40))
    draw.text((600, 345), TITLE, "#ffffff", large, anchor="mm")
    words = "Una red neuronal te mira: sonríele."
    draw.text((600, 444), words, plots.CLASS_COLORS[1], small, anchor="mm")
    return picture


def main():
    """Execute the story on caras and write the page; exit with a sentence where it is too large."""
    command.writable(PAGE)
    notebook = nbformat.read(report.STORY, as_version=4)
    report.execute(notebook, report.STORY.parent, page=True, SMILE_NARROW="1", **report.CARAS)
    server, name = (os.environ.get(f"GITHUB_{word}") for word in ("SERVER_URL", "REPOSITORY"))
    repository = f"{server or 'https://github.com'}/{name}" if name else None
    text = published(notebook, repository)
    size = len(text.encode())
    if size > LARGEST:
        sys.exit(f"La página pesa {size:,} bytes, y caben {LARGEST:,}: quita figuras.")
    caras = data.load_dataset("caras", data.DATASETS)
    report.write(PAGE, text)
    with report.whole_file(PAGE.with_name(PREVIEW)) as unfinished:
        preview(caras.test_x, caras.test_y[0]).save(unfinished, "JPEG", quality=85)
    print(f"Página: {PAGE} ({size / 1e6:.1f} MB)")


if __name__ == "__main__":
    command.run(main)
