"""Write the story as a page to publish: ``python -m tools.page``.

One file that opens from disk, without network or kernel, and in which the playgrounds run. Always with
the data set ``caras``: no living person's face is published. Links into the project lead to its
repository where GITHUB_REPOSITORY names it, as on GitHub's machines; elsewhere only words are left.
"""

import os
import re
import sys
from html import escape

import nbformat

from tools import report

PAGE = report.PROJECT / "reporte" / "pagina" / "index.html"
LARGEST = 5_000_000  # bytes: what one still sends to a friend
ABOUT = (
    "Una red neuronal de 4 capas, escrita desde cero: mírala aprender, y dibuja sobre sus caras."
)


def published(page, repository=None):
    """Return ``page`` (HTML of ``report.to_html``) with a title, a description and links that work.

    repository: the project's address; without one, links into the project become their words.
    """

    def outward(link):
        if not repository:
            return link[2]
        within = re.sub(r"^(\.\./)+", "", link[1])  # as the report has it, beside the project
        return f'<a href="{escape(repository)}/blob/HEAD/{within}">{link[2]}</a>'

    page = re.sub(
        r'<a href="(?!https?:|#|data:|mailto:)([^"]+)"[^>]*>(.*?)</a>', outward, page, flags=re.S
    )
    head = f'<title>¿Sonríe o no?</title><meta name="description" content="{ABOUT}">'
    page = re.sub("<title>.*?</title>", head, page, count=1, flags=re.S)
    return re.sub('<html( lang="[^"]*")?', '<html lang="es"', page, count=1)


def main():
    """Execute the story on caras and write the page; exit with a sentence where it is too large."""
    os.environ.update(TQDM_DISABLE="1", SMILE_DATASET="caras", SMILE_DATA_DIR="")
    os.environ.pop("MPLBACKEND", None)  # the kernel's own shows the figures
    notebook = nbformat.read(report.STORY, as_version=4)
    report.execute(notebook, report.STORY.parent, page=True)
    server, name = (os.environ.get(f"GITHUB_{word}") for word in ("SERVER_URL", "REPOSITORY"))
    page = published(
        report.to_html(notebook, place=report.PROJECT),
        f"{server or 'https://github.com'}/{name}" if name else None,
    )
    content = page.encode()
    if len(content) > LARGEST:
        sys.exit(f"La página pesa {len(content):,} bytes, y caben {LARGEST:,}: quita figuras.")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    with report.whole_file(PAGE) as unfinished:
        unfinished.write_bytes(content)
    print(f"Página: {PAGE} ({len(content) / 1e6:.1f} MB)")


if __name__ == "__main__":
    main()
