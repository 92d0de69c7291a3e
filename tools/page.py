"""Write the story as a page to publish: ``python -m tools.page``.

One file that opens from disk, without network or kernel, and in which the playgrounds run. Always with
the data set ``caras``: no living person's face is published. Links into the project lead to its
repository where GITHUB_REPOSITORY names it, as on GitHub's machines; elsewhere only words are left.
"""

import os
import sys

import nbformat

from tools import command, report

PAGE = report.PROJECT / "reporte" / "pagina" / "index.html"
LARGEST = 5_000_000  # bytes: what one still sends to a friend
ABOUT = (
    "Una red neuronal de 4 capas, escrita desde cero: mírala aprender, y dibuja sobre sus caras."
)


def published(notebook, repository=None):
    """Return ``notebook`` as HTML, with a description and links that work wherever it is put.

    repository: the project's address; without one, links into the project become their words.
    """

    def outward(link):
        return repository and f"{repository}/blob/HEAD/{link}"

    return report.to_html(notebook, lead=outward, about=ABOUT)


def main():
    """Execute the story on caras and write the page; exit with a sentence where it is too large."""
    command.writable(PAGE)
    os.environ.update(TQDM_DISABLE="1", SMILE_DATASET="caras", SMILE_DATA_DIR="")
    os.environ.pop("MPLBACKEND", None)  # the kernel's own shows the figures
    notebook = nbformat.read(report.STORY, as_version=4)
    report.execute(notebook, report.STORY.parent, page=True)
    server, name = (os.environ.get(f"GITHUB_{word}") for word in ("SERVER_URL", "REPOSITORY"))
    repository = f"{server or 'https://github.com'}/{name}" if name else None
    content = published(notebook, repository).encode()
    if len(content) > LARGEST:
        sys.exit(f"La página pesa {len(content):,} bytes, y caben {LARGEST:,}: quita figuras.")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    with report.whole_file(PAGE) as unfinished:
        unfinished.write_bytes(content)
    print(f"Página: {PAGE} ({len(content) / 1e6:.1f} MB)")


if __name__ == "__main__":
    command.run(main)
