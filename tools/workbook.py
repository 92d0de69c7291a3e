"""Write the student's workbook from the one with solutions: ``python -m tools.workbook``.

Does to each region between the marks what nbgrader's ClearSolutions does, and executes the result, so
that it is stored as it looks after *Run All*.
"""

import copy
import re

import nbformat

from helpers.lesson.answers import STUB
from tools import command, report

*_, STUDENT, SOLVED = report.NOTEBOOKS
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
INVITATION = "# ESCRIBE AQUÍ TU CÓDIGO, en lugar de estas dos líneas"
_REGION = re.compile(rf"^( *){BEGIN} *$((?!{BEGIN}).)*?^ *{END} *$", re.M | re.S)


def without_solutions(notebook):
    """Return a copy of ``notebook`` with a stub in each solution's place, and without outputs.

    Raises ``ValueError`` where a mark has no partner.
    """
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = _stubbed(cell.source)
            cell.outputs, cell.execution_count = [], None
    return notebook


def _stubbed(source):
    stubbed = _REGION.sub(rf"\1{INVITATION}\n\1{STUB}", source)
    for mark in (BEGIN, END):
        if mark in stubbed:
            raise ValueError(f"«{mark}» no tiene pareja en esta celda:\n{source}")
    return stubbed


def main():
    """Write the student's workbook, as it looks after it was run untouched."""
    command.writable(STUDENT)
    student = without_solutions(nbformat.read(SOLVED, as_version=4))
    report.execute(student, STUDENT.parent, SMILE_DATA_DIR="")
    report.write(STUDENT, nbformat.writes(student) + "\n")
    print(f"Escrito: {STUDENT}")


if __name__ == "__main__":
    command.run(main)
