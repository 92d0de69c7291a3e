"""The workbook: right answers are told so, typical mistakes each in their own words."""

import functools
import linecache
import re

import nbformat
import numpy as np
import pytest
from scipy.special import expit
from threadpoolctl import threadpool_limits

from conftest import blas_threads
from helpers import network
from helpers.lesson import asked, workbook
from tools import workbook as generator

SOLVED = nbformat.read(generator.SOLVED, as_version=4)
STUDENT = nbformat.read(generator.STUDENT, as_version=4)
NAMES = list(asked.ASKED)
GIVEN = np.eye(4), np.array([[1, 0, 1, 0]]), [4, 2, 1], 0.1, 5, 3  # to L_layer_model
SOLUTIONS = {
    cell.metadata["nbgrader"]["grade_id"]: cell.source
    for cell in SOLVED.cells
    if cell.metadata.get("nbgrader", {}).get("solution")
}


def written(**others):
    """The names of a reader's notebook after the solutions, some of them otherwise: code or objects."""
    scope = {"np": np, "workbook": workbook, "given": GIVEN}
    for name, answer in (SOLUTIONS | others).items():
        if isinstance(answer, str):
            file = f"cell of {name}"
            linecache.cache[file] = len(answer), None, answer.splitlines(True), file
            exec(compile(answer, file, "exec"), scope)
        else:
            scope[name] = answer
    return scope


def told(name, capsys, **others):
    """What a reader's cell with the check of a function prints."""
    exec(f"workbook.check({name})", written(**others))
    return capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_right_and_a_stub_has_no_answer_yet(name, capsys):
    assert told(name, capsys) == f"{name}: ¡correcto! {next(iter(asked.SAID[name]))}\n"
    stub, head = generator._stubbed(SOLUTIONS[name]), SOLUTIONS[name].splitlines()[0]
    for empty in (stub, f"{head}\n    return ...", f"{head}\n    ..."):
        assert told(name, capsys, **{name: empty}) == f"{name}: aún sin respuesta.\n"
    begun = stub.replace(generator.INVITATION, "x = len('abc')")
    assert "borra «raise NotImplementedError()»" in told(name, capsys, **{name: begun})


@pytest.mark.parametrize("name", NAMES)
def test_what_returns_nothing_or_something_strange_is_told(name, capsys):
    *_, last = re.findall(r"\n    (return .*)\n", SOLUTIONS[name])
    for other, says in [
        (last.replace("return ", "print(") + ")", "imprime en vez de regresar"),
        (last.replace("return", "result ="), "¿le falta «return»?"),
        ("return 'hola'", "esperaba"),
        ("return {'W1': 'a'}", "esperaba|falta"),
        ("return [[1], [2, 3]]", "esperaba"),
        ("yield 1", "esperaba"),
        ("raise OSError('x')", "falla en «raise OSError"),
        ("exit()", "falla en «exit"),
    ]:
        source = SOLUTIONS[name].replace(last, other)
        said = told(name, capsys, **{name: source}).splitlines()[-1]
        assert re.search(says, said) and said.startswith(f"{name}: ") and "correcto" not in said


@pytest.mark.parametrize("name", NAMES)
def test_each_slip_of_the_table_is_told_with_its_sentence(name, capsys):
    *_, slips = workbook._told(name)
    for sentence, got in slips.items():
        said = told(name, capsys, **{name: lambda *_, got=got: got})
        assert re.fullmatch(rf"{name}: \S+( \S+)?: {re.escape(sentence)}\n", said)


AVERAGE = "-np.sum(Y * np.log(AL) + (1 - Y) * np.log(1 - AL)) / m"
COURSE = """    for l in range(1, len(parameters) // 2 + 1):
        for k in ("W" + str(l), "b" + str(l)):
            parameters[k] = parameters[k] - learning_rate * grads["d" + k]
    return parameters"""
NOTED = "        costs.append(compute_cost(AL, Y))\n"
MISTAKES = [
    ("sigmoid", "np.exp(-Z)", "__import__('math').exp(-Z)", "np.exp"),
    ("sigmoid", "np.exp(-Z)", "np.exp(-z)", "«z» no tiene ningún valor"),
    ("sigmoid", "np.exp(-Z))", "np.exp(-Z.ravel()))", "(6,), esperaba (2, 3): le falta una dim"),
    ("sigmoid", "1 / (1 + np.exp(-Z))", "(1 / (1 + np.exp(-Z)), Z)", "A es una tupla"),
    ("sigmoid", "1 / (1 + np.exp(-Z))", "np.float32(1 / (1 + np.exp(-Z)))", "son float32"),
    ("relu", "np.maximum(0, Z)", "np.max(0, Z)", "el máximo, uno por uno, es np.maximum"),
    ("relu", "np.maximum(0, Z)", "max(0, Z)", "np.maximum y np.where van uno por uno"),
    ("relu", "np.maximum(0, Z)", "relu(Z)", "que se llaman a sí mismas"),
    ("relu", "np.maximum(0, Z)", "Z.relu()", "«.relu»"),
    ("relu", "return np.maximum(0, Z)", "Z[Z < 0] = 0; return Z", "cambia los arreglos"),
    ("initialize_parameters_deep", "n, n_prev) /", "n_prev, n) /", "¿está traspuesta?"),
    ("initialize_parameters_deep", "n, n_prev) /", "(n, n_prev)) /", "randn(n, n_prev)."),
    ("initialize_parameters_deep", "np.zeros((n, 1))", "np.zeros(n, 1)", "np.zeros((n, 1))."),
    ("initialize_parameters_deep", 'f"W{l}"', '"W" + l', 'f"W{l}"'),
    ("linear_forward", "W @ A + b", "W.T @ A + b", "no cuadran: aquí hay A (4, 5), W (3, 4)"),
    ("linear_forward", "Z, (A, W, b)", "Z, (W, A, b)", "no en su lugar (en este orden: A, W, b)"),
    ("linear_forward", "Z, (A, W, b)", "Z", "regresa 1 cosa; esperaba 2"),
    ("linear_forward", "(A, W, b)\n", "{'A': A, 'W': W}\n", "un diccionario; esperaba 3 (en"),
    ("L_model_forward", "range(1, L + 1)", "range(L)", "no tiene la clave 'W0'"),
    ("L_model_forward", "append((cache, Z))", "append(cache)", "caches[0]: 3 cosas; esperaba 2"),
    ("L_model_forward", "caches.append(", "caches = caches.append(", "usa None como si fuera"),
    ("compute_cost", "return -np", "return np", "signo"),
    ("compute_cost", " / m", " / m / m", "le sobra dividir entre m"),
    ("compute_cost", "np.log(AL)", "np.log(0 * AL)", "tiene nan o infinito"),
    ("compute_cost", "1 - AL)) ", "1 - AL), axis=1) ", "su forma es (1,), esperaba la de un solo"),
    ("compute_cost", AVERAGE, f"round({AVERAGE}, 4)", "Se aparta 3e-05: no redondees"),
    ("linear_backward", "W.T @ dZ", "3 * W.T @ dZ", "dA_prev sale 3 veces lo que debe"),
    ("linear_backward", "keepdims=True", "keepdim=True", "«keepdim» no es un argumento"),
    ("linear_backward", "A_prev, W, b = cache", "A_prev, W = cache", "no hay tantos nombres"),
    ("L_model_backward", "caches[l - 1]", "caches[l]", "el de la capa l es el [l - 1]"),
    ("L_model_backward", "caches[l - 1]", "caches(l - 1)", "los elementos se piden con [ ]"),
    ("update_parameters", "    return {", f"{COURSE}\n    {{", "empieza con «nuevo = {}»"),
    ("predict", "AL, caches = ", "AL = ", "«AL», todo junto, son varias cosas"),
    ("predict", "forward(X, parameters)", "forward(X)", "más o menos argumentos"),
    ("L_layer_model", "    return param", "        return param", "dentro del ciclo"),
    ("L_layer_model", "for _ in range(num_iterations)", "for i in num_iterations", "range"),
    ("L_layer_model", "        AL, ", "        parameters = initialize_parameters_deep("
     "layers_dims, seed)\n        AL, ", "sacas los pesos una vez"),
]  # fmt: skip


NEAR = [  # … to a mistake that has a sentence, which here would not be true
    ("compute_cost", "np.log(AL)", "np.log(AL + 0.5)", "redondees"),
    ("compute_cost", "np.log(AL)", "np.log(AL + 1e-3)", "veces"),
    ("compute_cost", " / m", " / 4", "dividir|veces"),
    ("linear_backward", "A_prev.shape[1]", "6", "unidades|dividir"),
    ("initialize_parameters_deep", "np.zeros((n, 1))", "np.zeros((1, n))", "keepdims|sumaste|un sesgo"),
    ("predict", "AL > 0.5", "1 - AL > 0.45", "umbral"),
    ("L_layer_model", "range(num_iterations)", "range(num_iterations - 9)", "keepdims|dimensión"),
    ("L_layer_model", NOTED, NOTED.replace("costs", "if len(costs) < 50: costs"), "cada|dentro"),
    ("update_parameters", "learning_rate *", "0.2 *", "falta|se resta|no cambió"),
]  # fmt: skip


@pytest.mark.parametrize("near", [False, True])
def test_a_typical_mistake_is_told_and_not_what_is_only_near(near, capsys):
    for name, right, mistake, sentence in NEAR if near else MISTAKES:
        assert right in SOLUTIONS[name]
        said = told(name, capsys, **{name: SOLUTIONS[name].replace(right, mistake)})
        assert said.startswith(f"{name}: ") and "¡correcto!" not in said
        assert not re.search(sentence, said) if near else sentence in said


def test_anything_that_can_be_called_is_judged(capsys):
    for right in (lambda Z: Z * (Z > 0), functools.partial(np.maximum, 0)):
        assert "¡correcto!" in told("relu", capsys, relu=right)
    assert "¡correcto!" in told("sigmoid", capsys, sigmoid=expit)
    ramp = np.vectorize(lambda z: z if z > 0 else 0)  # of whole numbers, as the first is one
    for wrong, says in [
        (ramp, "¿un 0 que debe ser 0.0?"),
        (functools.lru_cache(np.abs), "falla al llamarla: un arreglo no sirve de clave"),
        (lambda: 3, "no recibe lo que dice su primera línea"),
        ("sigmoid = relu = np.tanh", "sigmoid: es lo mismo que relu"),
    ]:
        assert says in told("relu", capsys, relu=wrong)
    with pytest.raises(ValueError, match="check espera"):
        workbook.check(np.tanh)
    exec("relu = None\nworkbook.check(relu)", {"workbook": workbook})  # and no other is written yet
    assert capsys.readouterr().out.startswith("relu: esperaba la función misma")


def test_a_slip_is_told_once_and_whoever_uses_it_says_so(capsys):
    others = {"relu": "def relu(Z): return np.abs(Z)"}
    used = "predict: ¡correcto!.* usa relu, que todavía no está bien: empieza"
    assert re.match(used, told("predict", capsys, **others))
    assert "usa" not in told("compute_cost", capsys, **others)
    others = {"linear_forward": generator._stubbed(SOLUTIONS["linear_forward"])}
    for name in ("L_model_forward", "L_layer_model"):
        assert told(name, capsys, **others).endswith("Pero usa linear_forward, que falta.\n")
    call_each_other = [("relu", "sigmoid"), ("sigmoid", "relu")]
    others = {f: f"def {f}(Z): return {g}(Z)" for f, g in call_each_other}
    assert "relu: A[1, 2] te da 0.95" in told("relu", capsys, **others)  # and not without end
    assert "Pero usa relu" in told("L_model_forward", capsys, **others)
    scope = written()
    del scope["relu"]
    before = dict(scope)
    exec("workbook.check(predict)", scope)
    assert scope == before  # the reader's own are back, and nothing else


def test_what_the_reader_prints_is_seen(capsys):
    loud = "def relu(Z):\n    for i in range({}): print('Z', i)\n    return np.maximum(0, Z)"
    assert told("relu", capsys, relu=loud.format(2)).startswith("Z 0\nZ 1\nrelu: ¡correcto!")
    said = told("relu", capsys, relu=loud.format(1234)).splitlines()
    assert len(said) == 102 and said[99] == "Z 99" and said[100] == "… y 1,134 líneas más."
    seen = []

    def train():
        print("costo", end="")
        seen.append(capsys.readouterr().out)  # at once
        return 1

    assert workbook.run(train) == 1
    assert seen == ["costo"] and capsys.readouterr().out == "\n"


def test_the_readers_training_takes_one_core_and_counts_its_steps(monkeypatch):
    with threadpool_limits(2, user_api="blas"):
        assert workbook.run(blas_threads) == {1}
        assert blas_threads() == {2}
    counted = []
    bar = lambda steps, *_, **__: map(counted.append, steps)  # noqa: E731
    monkeypatch.setattr(workbook, "progress_bar", bar)
    scope = written() | {"counted": counted}
    exec("def f(): return update_parameters({}, {}, 1), len(counted)", scope)
    exec("assert workbook.run(f, steps=9) == ({}, 1) and f() == ({}, 9)", scope)


def test_what_the_reader_is_not_ready_for_is_not_run(capsys):
    scope = written()
    exec("parameters, costs = workbook.run(L_layer_model, *given, names=['p', 'c'])", scope)
    assert len(scope["costs"]) == 5
    assert workbook.run(scope["predict"], GIVEN[0], scope["parameters"]).shape == (1, 4)
    assert capsys.readouterr().out == ""
    exec(generator._stubbed(SOLUTIONS["predict"]), scope)
    exec("assert workbook.run(predict, 0, 0) is None", scope)
    exec("assert workbook.run(predict, 0, 0, names=['a', 'b']) == [None, None]", scope)
    assert capsys.readouterr().out == 2 * "predict: aún sin respuesta.\n"
    assert workbook.run(lambda: 1, names=["a", "b"]) == [None, None]
    assert "esperaba 2 (en este orden: a, b)" in capsys.readouterr().out


def test_the_readers_training_is_that_of_helpers(capsys):
    scope = written()
    parameters, _ = scope["L_layer_model"](*GIVEN)
    assert workbook.check_training(parameters, *GIVEN)
    assert "¡correcto! Sus 13 parámetros" in capsys.readouterr().out
    moved = parameters | {"W2": parameters["W2"] + [[2e-6, 0]]}
    single = {name: values.astype(np.float32) for name, values in parameters.items()}
    for bad, says in [(moved, "W2[0, 0] te da"), (single, "W1: son float32"), (None, "aún sin")]:
        assert not workbook.check_training(bad, *GIVEN)
        assert says in capsys.readouterr().out
    scope["moved"], scope["relu"] = moved, np.abs
    exec("workbook.check_training(moved, *given)", scope)
    assert capsys.readouterr().out == "tu red: relu todavía no está bien: empieza por ella.\n"


def test_where_nbgrader_marks_a_slip_costs_its_own_points(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    others = {"relu": "def relu(Z): return abs(Z)"}
    with pytest.raises(AssertionError, match="relu: .*valor absoluto"):
        told("relu", capsys, **others)
    for name in NAMES:
        if name != "relu":
            told(name, capsys, **others)
    with pytest.raises(AssertionError, match="aún sin respuesta"):
        workbook.check_training(None)


def test_what_is_right_is_what_helpers_say():
    for name in NAMES[2:-1]:
        right, _, given = asked.ASKED[name]
        workbook.alike("of helpers", getattr(network, name)(*given), right(*given), {})


def test_the_students_workbook_is_made_from_the_solutions():
    made, stored = map(generator.without_solutions, (SOLVED, STUDENT))
    assert made == stored, "run python -m tools.workbook"
    text = "".join(cell.source for cell in STUDENT.cells)
    assert not re.search(r"SOLUTION|np.exp\(|W @ A|AL - Y", text)


def test_untouched_it_has_no_answer_and_solved_each_is_right():
    for notebook, said in [(STUDENT, ": aún sin respuesta.\n"), (SOLVED, ": ¡correcto!")]:
        graded = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade")]
        assert all(said in cell.outputs[0].text for cell in graded)
        assert len(graded) == len(NAMES) + 1
        assert sum(cell.metadata["nbgrader"]["points"] for cell in graded) == 20


def test_each_answer_is_marked_up_for_nbgrader_with_its_check_below():
    for cell, below in zip(SOLVED.cells, SOLVED.cells[1:]):
        mark = cell.metadata.get("nbgrader", {"solution": False})
        assert mark["solution"] == (generator.BEGIN in cell.source)
        if len(mark) > 1:
            assert mark["schema_version"] == 3
            assert mark["solution"] != mark["grade"] == mark["locked"]
        if mark["solution"]:
            assert below.source == f"workbook.check({mark['grade_id']})"
    ids = [c.metadata["nbgrader"]["grade_id"] for c in SOLVED.cells if "nbgrader" in c.metadata]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("order", ["B", "E", "EB", "BBE", "BEE"])
def test_a_mark_without_its_partner_is_told(order):
    marks = {"B": generator.BEGIN, "E": generator.END}
    with pytest.raises(ValueError, match="no tiene pareja"):
        generator._stubbed("\n".join(marks[mark] for mark in order))
