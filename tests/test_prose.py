"""What the notebooks' prose says of their outputs is what the outputs say."""

import re

import nbformat
import numpy as np
import pytest
from test_readme import read

from tools import report


def printed(notebook, of):
    """The text that the one cell prints whose source has ``of``."""
    (cell,) = [c for c in notebook.cells if c.cell_type == "code" and of in c.source]
    return "".join(output.get("text", "") for output in cell.outputs)


def steps_fall(notebook):
    found = re.findall(r"costo ([\d.]+), exactitud.* ([\d.]+) %", printed(notebook, "acierta ="))
    return len(found) == 4 and (np.diff(np.array(found, float), axis=0) < 0).all()


def counts(notebook):
    """How many of the test images the network and its rival get right, and their costs."""
    said = printed(notebook, "model.RIVAL)\nrival")
    right = [int(k) for k in re.findall(r"\((\d+) de 150", said)]
    return right, [float(cost) for cost in re.findall(r"la \w+, ([\d.]+)", said)]


def support(notebook, cause):
    """What is said of a suspected cause, of who doesn't smile and of who does."""
    said = printed(notebook, "evaluation.suspicions").partition(f"{cause}\n")[2].splitlines()[:2]
    return [line.rpartition(", ")[2] for line in said]


def pairs(notebook):
    """Recipe → how many only it gets right, how many only the notebook's, p."""
    found = re.findall(
        r"^(.+?) +solo acierta esta: (\d+); solo acierta la del cuaderno: (\d+); p = ([\d.e-]+)",
        printed(notebook, 'evaluation.compared("esta"'),
        re.M,
    )
    return {name: (int(a), int(b), float(p)) for name, a, b, p in found}


STORY = {
    "el costo baja y la exactitud también": steps_fall,
    "Mira su costo junto al de la red": lambda of: max(counts(of)[1]) < 2 * min(counts(of)[1]),
    "La logística no se queda atrás": lambda of: counts(of)[0][1] >= counts(of)[0][0] - 1,
    "la logística acierta tanto como la red": lambda of: counts(of)[0][1] >= counts(of)[0][0] - 1,
    "está *apoyada* entre quienes no sonríen y *al revés* entre quienes sí": lambda of: (
        support(of, "boca abierta") == ["apoyada", "al revés"]
    ),
    "está *apoyada* solo entre quienes no sonríen": lambda of: (
        support(of, "cara hacia arriba o abajo") == ["apoyada", "no apoyada"]
    ),
}
ROOM = {
    "Son siete comparaciones": lambda of: len(pairs(of)) == 7,
    "Con esa vara quedan dos": lambda of: (
        {name for name, (_, _, p) in pairs(of).items() if p < 0.05 / 7}
        == {"restar la media", "logística, luz y espejo"}
    ),
    "dos semillas aciertan lo mismo que una": lambda of: (
        np.subtract(*pairs(of)["luz y dos semillas"][:2])
        == np.subtract(*pairs(of)["media y su propia luz"][:2])
    ),
    "no se nota que la red se aprenda las caras": lambda of: (
        float(re.search(r"p = ([\d.e-]+)", printed(of, "groups=persona"))[1]) > 0.05
    ),
    "Restar la media le estorba a la red": lambda of: (
        pairs(of)["restar la media"][0] < pairs(of)["restar la media"][1]
    ),
    "la logística es la que más acierta": lambda of: (
        max(pairs(of), key=lambda name: pairs(of)[name][0] - pairs(of)[name][1])
        == "logística, luz y espejo"
    ),
}


@pytest.mark.parametrize(
    "path, claim",
    [(report.NOTEBOOKS[0], claim) for claim in STORY] + [(report.NOTEBOOKS[1], c) for c in ROOM],
    ids=lambda value: getattr(value, "stem", value),
)
def test_what_is_said_is_so(path, claim):
    notebook = nbformat.read(path, 4)
    prose = " ".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    assert claim in " ".join(prose.replace("**", "").split())
    assert (STORY | ROOM)[claim](notebook)


def test_no_number_of_ours_is_typed_in_the_prose():
    """But for sizes, rates and counts that the cells set: no share of right answers stands there."""
    for path in report.NOTEBOOKS:
        for cell in nbformat.read(path, 4).cells:
            if cell.cell_type == "markdown":
                shares = set(re.findall(r"\d[\d.]* %", cell.source))
                published = {"99 %", "97 %", "97.3 %", "93.3 %", "95 %"}
                assert shares <= published, cell.source


def test_the_caption_on_depth_says_what_the_benchmark_found():
    table = read("benchmarks/README.md").partition("| imágenes | logística | 20 |")[2]
    rows = re.findall(r"^\| ([^|]+) " + 4 * r"\| ([\d.]+) % ", table.partition("\n\n")[0], re.M)
    shares = {name: [float(share) for share in row] for name, *row in rows}
    upright, *turned = "tal cual", "mitad de cabeza", "giradas a los cuatro lados"
    negatives = [row for name, row in shares.items() if name not in (upright, *turned)]
    cells = nbformat.read(report.STORY, 4).cells
    (caption,) = [" ".join(c.source.split()) for c in cells if c.source.startswith("**Figura 7.**")]
    assert "La segunda ayuda un poco donde hay negativos" in caption
    assert len(negatives) == 5 and all(second > one for _, one, second, _ in negatives)
    assert "la tercera, con los mismos pasos, estorba" in caption
    assert all(third < second for _, _, second, third in shares.values())
    assert "con las caras de cabeza o giradas gana la logística" in caption
    assert all(max(shares[name]) == shares[name][0] for name in turned)
