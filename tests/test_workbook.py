"""The workbook: right answers are told so, typical mistakes each in their own words."""

import re

import nbformat
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from conftest import blas_threads
from helpers.lesson import workbook
from tools import workbook as generator

SOLVED = nbformat.read(generator.SOLVED, as_version=4)
STUDENT = nbformat.read(generator.STUDENT, as_version=4)
NAMES = list(workbook.CHECKS)


def solutions():
    """Function → the source of its cell in the workbook with solutions."""
    cells = [cell for cell in SOLVED.cells if cell.metadata.get("nbgrader", {}).get("solution")]
    return {cell.metadata["nbgrader"]["grade_id"]: cell.source for cell in cells}


def written(name=None, source=None):
    """All the functions of the solutions, as a reader's notebook has them, one of them replaced."""
    scope = {"np": np}
    for other, solution in (solutions() | ({name: source} if name else {})).items():
        exec(compile(solution, f"cell of {other}", "exec"), scope)
    return scope


def told(name, source, capsys):
    workbook.check(written(name, source)[name])
    return capsys.readouterr().out


@pytest.mark.parametrize("name", NAMES)
def test_the_solution_is_right(name, capsys):
    assert told(name, solutions()[name], capsys).startswith(f"{name}: ¡correcto!")


@pytest.mark.parametrize("name", NAMES)
def test_a_stub_has_no_answer_yet(name, capsys):
    stub = generator._stubbed(solutions()[name])
    assert told(name, stub, capsys) == f"{name}: aún sin respuesta.\n"
    begun = stub.replace(generator.INVITATION, "x = len('abc')")
    assert "borra «raise NotImplementedError()»" in told(name, begun, capsys)
    for body in ("return ...", "..."):
        head = solutions()[name].split("\n")[0]
        assert told(name, f"{head}\n    {body}", capsys) == f"{name}: aún sin respuesta.\n"


@pytest.mark.parametrize("name", NAMES)
def test_what_prints_or_returns_nothing_is_told(name, capsys):
    source = solutions()[name]
    *_, last = re.findall(r"\n    return (.*)\n", source)
    printing = source.replace(f"    return {last}\n", f"    print({last})\n")
    assert "imprime en vez de regresar" in told(name, printing, capsys)
    silent = source.replace(f"    return {last}\n", f"    result = {last}\n")
    assert "¿le falta «return»?" in told(name, silent, capsys)
    text = source.replace(f"    return {last}\n", "    return 'hola'\n")
    said = told(name, text, capsys)
    assert "esperaba" in said and "correcto" not in said


MISTAKES = [
    ("sigmoid", "np.exp(-Z)", "np.exp(Z)", "signo menos"),
    ("sigmoid", "1 / (1 + np.exp(-Z))", "1 / 1 + np.exp(-Z)", "paréntesis"),
    ("sigmoid", "1 / (1 + np.exp(-Z))", "np.tanh(Z)", "tangente"),
    ("sigmoid", "1 / (1 + np.exp(-Z))", "np.exp(-Z)", "fracción"),
    ("sigmoid", "np.exp(-Z)", "__import__('math').exp(-Z)", "np.exp"),
    ("sigmoid", "np.exp(-Z)", "np.exp(-z)", "«z» no tiene ningún valor"),
    ("sigmoid", "np.exp(-Z))", "np.exp(-Z.ravel()))", "(6,), esperaba (2, 3)"),
    ("sigmoid", "1 / (1 + np.exp(-Z))", "(1 / (1 + np.exp(-Z)), Z)", "tupla"),
    ("sigmoid", "1 / (1 + np.exp(-Z))", "(1 / (1 + np.exp(-Z))).tolist()", "lista"),
    ("relu", "np.maximum(0, Z)", "max(0, Z)", "uno por uno"),
    ("relu", "np.maximum(0, Z)", "np.minimum(0, Z)", "máximo"),
    ("relu", "np.maximum(0, Z)", "np.abs(Z)", "valor absoluto"),
    ("relu", "np.maximum(0, Z)", "1 * (Z > 0)", "pendiente"),
    ("relu", "np.maximum(0, Z)", "np.max(Z)", "np.maximum"),
    ("relu", "return np.maximum(0, Z)", "Z[Z < 0] = 0; return Z", "cambia los arreglos"),
    ("initialize_parameters_deep", " / np.sqrt(n_prev)", "", "falta dividir entre la raíz"),
    ("initialize_parameters_deep", "np.sqrt(n_prev)", "np.sqrt(n)", "lo que entra"),
    ("initialize_parameters_deep", "np.sqrt(n_prev)", "n_prev", "no entre n_prev"),
    ("initialize_parameters_deep", "/ np.sqrt(n_prev)", "* 0.01", "dos capas"),
    ("initialize_parameters_deep", "randn", "rand", "randn"),
    ("initialize_parameters_deep", "RandomState(seed)", "RandomState(1)", "semilla"),
    ("initialize_parameters_deep", "RandomState(seed)", "RandomState()", "con la fórmula"),
    ("initialize_parameters_deep", "random.randn(n", "np.random.RandomState(seed).randn(n", "vuelves a sembrar"),
    ("initialize_parameters_deep", "randn(n, n_prev)", "randn(n_prev, n)", "¿está traspuesta?"),
    ("initialize_parameters_deep", "np.zeros((n, 1))", "np.zeros(n)", "(4,), esperaba (4, 1): le falta una dim"),
    ("initialize_parameters_deep", "np.zeros((n, 1))", "np.ones((n, 1))", "b1: empieza en 0"),
    ("initialize_parameters_deep", "range(1, len(layer_dims))", "range(1, len(layer_dims) - 1)", "le falta «W3»"),
    ("linear_forward", "W @ A + b", "W @ A", "sesgo"),
    ("linear_forward", "W @ A + b", "W @ A - b", "no se resta"),
    ("linear_forward", "W @ A + b", "W.T @ A + b", "formas no cuadran: aquí hay A (4, 5), W (3, 4)"),
    ("linear_forward", "W @ A + b", "W * A + b", "formas no cuadran"),
    ("linear_forward", "W @ A + b", "W @ A + b.ravel()", "formas no cuadran"),
    ("linear_forward", "return Z, (A, W, b)", "return Z, (W, A, b)", "cache[0]"),
    ("linear_forward", "return Z, (A, W, b)", "return Z", "regresa 1 cosa; esperaba 2"),
    ("L_model_forward", "relu(Z) if l < L else sigmoid(Z)", "relu(Z)", "última capa lleva sigmoide"),
    ("L_model_forward", "relu(Z) if l < L else sigmoid(Z)", "sigmoid(Z)", "ocultas llevan ReLU"),
    ("L_model_forward", "relu(Z) if l < L else sigmoid(Z)", "sigmoid(Z) if l == L else Z", "falta la ReLU"),
    ("L_model_forward", "range(1, L + 1)", "range(1, L)", "una capa corta"),
    ("L_model_forward", "range(1, L + 1)", "range(L)", "no tiene la clave 'W0'"),
    ("L_model_forward", "linear_forward(A,", "linear_forward(X,", "formas no cuadran"),
    ("L_model_forward", "caches.append((cache, Z))", "caches.append((cache, A))", "guarda Z, no A"),
    ("L_model_forward", "caches.append((cache, Z))", "caches.append(cache)", "no es un par"),
    ("L_model_forward", "caches.append((cache, Z))", "caches = [(cache, Z)]", "tiene 1"),
    ("compute_cost", "return -np", "return np", "signo"),
    ("compute_cost", " / m", "", "le falta dividir entre m"),
    ("compute_cost", " / m", " / m / m", "le sobra dividir entre m"),
    ("compute_cost", " + (1 - Y) * np.log(1 - AL)", "", "segundo término"),
    ("compute_cost", "Y * np.log(AL) + (1 - Y)", "(1 - Y)", "primer término"),
    ("compute_cost", "np.log(", "np.log10(", "natural"),
    ("compute_cost", "Y * np.log(AL) + (1 - Y) * np.log(1 - AL)", "AL * np.log(Y) + (1 - AL) * np.log(1 - Y)", "logaritmo de 0"),
    ("compute_cost", "Y * np.log(AL) + (1 - Y) * np.log(1 - AL)", "Y * np.log(1 - AL) + (1 - Y) * np.log(AL)", "cruzados"),
    ("compute_cost", "np.log(1 - AL))", "np.log(1 - AL), axis=1)", "(1,), esperaba ()"),
    ("compute_cost", "np.log(1 - AL))", "np.log(1 - AL), axis=0)", "(5,), esperaba ()"),
    ("linear_backward", "dZ @ A_prev.T / m", "dZ @ A_prev.T", "a dW le falta dividir entre m"),
    ("linear_backward", "keepdims=True) / m", "keepdims=True)", "a db le falta dividir entre m"),
    ("linear_backward", "W.T @ dZ", "W.T @ dZ / m", "a dA_prev le sobra dividir entre m"),
    ("linear_backward", "W.T @ dZ", "W @ dZ", "formas no cuadran"),
    ("linear_backward", "W.T @ dZ", "-W.T @ dZ", "dA_prev tiene el signo al revés"),
    ("linear_backward", "dZ @ A_prev.T", "A_prev @ dZ.T", "dW es (4, 3), esperaba (3, 4): ¿está traspuesta?"),
    ("linear_backward", "axis=1, keepdims=True", "axis=1", "db es (3,), esperaba (3, 1): le falta una dimensión (si la sumaste, keepdims"),
    ("linear_backward", "axis=1, keepdims=True", "axis=0, keepdims=True", "axis=1"),
    ("linear_backward", "dZ, axis=1, keepdims=True", "dZ", "sumaste todo"),
    ("linear_backward", "A_prev.shape[1]", "dZ.shape[0]", "las columnas"),
    ("linear_backward", "return dA_prev, dW, db", "return dW, db, dA_prev", "orden"),
    ("L_model_backward", "AL - Y", "Y - AL", "signo"),
    ("L_model_backward", "AL - Y", "(AL - Y) * AL * (1 - AL)", "otra vez"),
    ("L_model_backward", "AL - Y", "-(Y / AL - (1 - Y) / (1 - AL))", "derivada del costo sola"),
    ("L_model_backward", "dA * (Z > 0)", "dA", "falta la pendiente"),
    ("L_model_backward", "dA * (Z > 0)", "dA * (Z < 0)", "al revés"),
    ("L_model_backward", "dA * (Z > 0)", "dA * relu(Z)", "no la ReLU"),
    ("L_model_backward", "dA * (Z > 0)", "dA * (dA > 0)", "el signo de Z"),
    ("L_model_backward", "dA * (Z > 0)", "dA * sigmoid(Z) * (1 - sigmoid(Z))", "no de la sigmoide"),
    ("L_model_backward", "range(L, 0, -1)", "range(L, 1, -1)", "le falta «dW1»"),
    ("L_model_backward", "caches[l - 1]", "caches[l]", "IndexError"),
    ("L_model_backward", "dZ = AL - Y", "dZ = AL; dZ -= Y", "cambia los arreglos"),
    ("update_parameters", "- learning_rate * grads", "+ learning_rate * grads", "se resta"),
    ("update_parameters", "learning_rate * grads", "grads", "falta la tasa"),
    ("update_parameters", "parameters[name] - learning_rate", "-learning_rate", "solo el paso"),
    ("update_parameters", "- learning_rate * grads[f\"d{name}\"] for", "- learning_rate * grads[f\"d{name}\"] * (name[0] == 'W') for", "b1: no cambió"),
    ("update_parameters", "f\"d{name}\"", "name", "no tiene la clave 'W1'"),
    ("update_parameters", "for name in parameters}", "for name in ('W1', 'b1')}", "le falta «W2»"),
    ("update_parameters", "    return {", "    for k in parameters: parameters[k] -= learning_rate * grads[f'd{k}']\n    return parameters\n    {", "cambia los arreglos"),
    ("predict", "(AL > 0.5).astype(int)", "AL", "falta ver cuáles"),
    ("predict", "AL > 0.5", "AL > 0", "sí a todo"),
    ("predict", "AL > 0.5", "AL < 0.5", "al revés"),
    ("predict", "(AL > 0.5).astype(int)", "(AL > 0.5).astype(int)[0]", "(5,), esperaba (1, 5)"),
    ("predict", "(AL > 0.5).astype(int)", "int(AL > 0.5)", "para un solo número"),
    ("L_layer_model", "        costs.append(compute_cost(AL, Y))\n        grads = L_model_backward(AL, Y, caches)\n        parameters = update_parameters(parameters, grads, learning_rate)", "        grads = L_model_backward(AL, Y, caches)\n        parameters = update_parameters(parameters, grads, learning_rate)\n        costs.append(compute_cost(L_model_forward(X, parameters)[0], Y))", "antes de actualizar"),
    ("L_layer_model", "        parameters = update", "        update", "¿guardas lo que regresa"),
    ("L_layer_model", "range(num_iterations)", "range(num_iterations - 1)", "num_iterations"),
    ("L_layer_model", "layers_dims, seed)\n    costs", "layers_dims, 1)\n    costs", "semilla"),
    ("L_layer_model", "return parameters, costs", "return parameters", "regresa 1 cosa"),
    ("L_layer_model", "parameters, grads, learning_rate", "parameters, grads, 0.0075", "con la fórmula"),
]  # fmt: skip


@pytest.mark.parametrize("name, right, mistake, says", MISTAKES)
def test_a_typical_mistake_is_told(name, right, mistake, says, capsys):
    source = solutions()[name]
    assert right in source
    said = told(name, source.replace(right, mistake), capsys)
    assert says in said and said.startswith(f"{name}: ") and "correcto!" not in said


def test_each_function_has_three_mistakes_or_more():
    assert min([mistake[0] for mistake in MISTAKES].count(name) for name in NAMES) >= 3


def test_what_calls_something_wrong_points_there(capsys):
    scope = written("linear_backward", solutions()["linear_backward"].replace(" / m", ""))
    workbook.check(scope["L_model_backward"])
    assert "usa linear_backward, que todavía no está bien" in capsys.readouterr().out
    scope = written("linear_forward", generator._stubbed(solutions()["linear_forward"]))
    for name in ("L_model_forward", "predict"):
        workbook.check(scope[name])
        assert "aún sin respuesta: usa" in capsys.readouterr().out


def test_what_fails_or_is_strange_stops_nothing(capsys):
    for body in (
        "raise OSError('x')",
        "return object()",
        "return {'W1': 'a'}",
        "return [[1], [2, 3]]",
    ):
        for name in NAMES:
            head = solutions()[name].split("\n")[0]
            said = told(name, f"{head}\n    {body}", capsys)
            assert said.startswith(f"{name}: ") and "correcto" not in said
    for ragged in ("[[1], [1, 2]]", "[{}]", "0.5", "None", "'ab'"):
        source = solutions()["L_layer_model"].replace(
            "return parameters, costs", f"return parameters, {ragged}"
        )
        assert "costs" in told("L_layer_model", source, capsys)
    workbook.check(written("predict", "def predict(X): return X")["predict"])
    assert "no recibe lo que dice su primera línea" in capsys.readouterr().out
    with pytest.raises(ValueError, match="check espera"):
        workbook.check(np.tanh)


def test_the_readers_training_takes_one_core(capsys):
    with threadpool_limits(2, user_api="blas"):
        assert workbook.run(blas_threads) == {1}
        assert blas_threads() == {2}


def test_what_the_reader_is_not_ready_for_is_not_run(capsys):
    solved = written()
    X, Y = np.eye(4), np.array([[1, 0, 1, 0]])
    parameters, costs = workbook.run(solved["L_layer_model"], X, Y, [4, 2, 1], 0.1, 5, 3)
    assert len(costs) == 5
    assert workbook.run(solved["predict"], X, parameters).shape == (1, 4)
    assert capsys.readouterr().out == ""
    stub = written("predict", generator._stubbed(solutions()["predict"]))["predict"]
    assert workbook.run(stub, X, parameters) is None
    assert workbook.run(stub, X, parameters, names=["a", "b"]) == [None, None]
    assert capsys.readouterr().out == 2 * "predict: aún sin respuesta.\n"
    assert workbook.run(solved["predict"], X, parameters, names=["a", "b"]) == [None, None]
    assert "esperaba 2: a, b" in capsys.readouterr().out
    settings = X, Y, [4, 2, 1], 0.1, 5, 3
    assert workbook.check_training(parameters, *settings)
    assert "¡correcto! Sus 13 parámetros" in capsys.readouterr().out
    parameters["W2"] = parameters["W2"] + [[2e-6, 0]]
    assert not workbook.check_training(parameters, *settings)
    assert "tu red: W2[0, 0] te da" in capsys.readouterr().out
    for bad, says in [(None, "aún sin"), ({}, "falta «W1»"), (parameters | {"b1": "x"}, "b1")]:
        assert not workbook.check_training(bad, *settings)
        assert says in capsys.readouterr().out


def test_where_nbgrader_marks_a_wrong_answer_is_an_error(monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    workbook.check(written()["relu"])
    with pytest.raises(AssertionError, match="relu: .*valor absoluto"):
        workbook.check(written("relu", "def relu(Z): return abs(Z)")["relu"])
    with pytest.raises(AssertionError, match="aún sin respuesta"):
        workbook.check_training(None, None, None, None, None, None, None)


# -- The two notebooks -----------------------------------------------------------------------------


def test_the_students_workbook_is_made_from_the_solutions():
    made = generator.without_solutions(SOLVED)
    assert made.metadata == STUDENT.metadata
    for cell, stored in zip(made.cells, STUDENT.cells, strict=True):
        assert cell.source == stored.source, "run python -m tools.workbook"
        assert (cell.id, cell.metadata) == (stored.id, stored.metadata)
    texts = [cell.source for cell in STUDENT.cells]
    assert not any("SOLUTION" in text for text in texts)
    assert sum(answer in text for text in texts for answer in ("np.exp(", "W @ A", "AL - Y")) == 0


def test_untouched_it_ends_quietly_with_no_answer():
    said = [
        output.get("text", "")
        for cell in STUDENT.cells
        if cell.metadata.get("nbgrader", {}).get("grade")
        for output in cell.outputs
    ]
    assert len(said) == len(NAMES) + 1
    assert all(text.endswith(": aún sin respuesta.\n") for text in said)


def test_solved_every_answer_is_right():
    graded = [cell for cell in SOLVED.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    assert all("¡correcto!" in cell.outputs[0].text for cell in graded)
    assert sum(cell.metadata["nbgrader"]["points"] for cell in graded) == 20


def test_each_answer_is_marked_up_for_nbgrader_with_its_check_below():
    ids = set()
    for cell, below in zip(SOLVED.cells, SOLVED.cells[1:]):
        mark = cell.metadata.get("nbgrader")
        assert (mark is not None and mark["solution"]) == (generator.BEGIN in cell.source)
        if mark:
            assert (
                mark["schema_version"] == 3 and mark["solution"] != mark["grade"] == mark["locked"]
            )
            assert mark["grade_id"] not in ids
            ids.add(mark["grade_id"])
        if mark and mark["solution"]:
            assert below.source == f"workbook.check({mark['grade_id']})"


@pytest.mark.parametrize("source", ["### BEGIN SOLUTION", "### END SOLUTION\n### BEGIN SOLUTION"])
def test_a_mark_without_its_partner_is_told(source):
    with pytest.raises(ValueError, match="no tiene pareja"):
        generator._stubbed(source)
