"""What the workbook asks of the reader's functions, and the first thing that is wrong with one.

Each check hands fresh copies of small arrays to the reader's function and compares the result with
the formula, worked out in another way: slopes by moving the numbers, sums in a loop. A known slip
gets its own sentence. Nothing is raised but where nbgrader marks: there an error means no points.
"""

import math

import numpy as np
from threadpoolctl import threadpool_limits

from helpers import training
from helpers.lesson.answers import (
    Unanswered,
    Wrong,
    call,
    examine,
    fields,
    parts,
    same,
    slopes,
    tell,
)

SIGNS = np.array([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]])
M = 5  # examples in the small arrays; their other sizes differ from it and from each other


def check(function):
    """Print whether the reader's ``function`` does what the workbook asks of one of its name.

    Raises ``AssertionError`` with the printed sentence where nbgrader runs the notebook, only there.
    """
    name = getattr(function, "__name__", None)
    if name not in CHECKS:
        raise ValueError(f"check espera una de las funciones del cuaderno: {', '.join(CHECKS)}.")
    try:
        tell(name, f"¡correcto! {examine(function, CHECKS)}")
    except Wrong as problem:
        tell(name, problem)


def run(function, *arguments, names=()):
    """Return what the reader's function returns, or None, and print why, where it isn't ready.

    names: of the things that it is to return, where they are several; then as many None.
    """
    try:
        with threadpool_limits(1, user_api="blas"):  # two, beside other work, would wait for it
            value, _ = call(function, *arguments)
        return parts(value, *names) if names else value
    except Wrong as problem:
        print(f"{function.__name__}: {problem}")
        return [None for _ in names] or None


def check_training(parameters, X, Y, layers_dims, learning_rate, num_iterations, seed):
    """Print, and return, whether the reader's ``parameters`` are, to 6 decimals, those of ``helpers``.

    The other arguments are those of ``training.L_layer_model``. Raises as ``check`` does.
    """
    try:
        if parameters is None:
            raise Unanswered("aún sin respuesta.")
        given = X, Y, layers_dims, learning_rate, num_iterations
        right, _ = training.L_layer_model(*given, seed=seed)
        fields(parameters, list(right))
        for key, values in right.items():
            same(key, parameters[key], values)
    except Wrong as problem:
        tell("tu red", problem)
        return False
    count = sum(values.size for values in right.values())
    tell("tu red", f"¡correcto! Sus {count:,} parámetros son los de helpers, a seis decimales.")
    return True


# -- The functions, one by one: each check returns what was right ----------------------------------


def _small(seed=0, dims=(4, 3, 2, 1)):
    """A little network with biases and its examples: parameters, X (n_0, M), Y (1, M)."""
    random = np.random.RandomState(seed)
    parameters = {}
    for l, (n_prev, n) in enumerate(zip(dims, dims[1:]), start=1):
        parameters[f"W{l}"], parameters[f"b{l}"] = random.randn(n, n_prev), random.randn(n, 1) / 2
    return parameters, random.randn(dims[0], M), np.array([[1, 0, 1, 1, 0]])


def _sigma(z):
    return 1 / (1 + np.exp(-z))


def _ramp(z):
    return np.where(z > 0, z, 0)


def _forward(X, parameters, hidden=_ramp, output=_sigma):
    """Return the answers and the caches of the course."""
    A, caches, L = X, [], len(parameters) // 2
    for l in range(1, L + 1):
        W, b = parameters[f"W{l}"], parameters[f"b{l}"]
        Z = np.einsum("ij,jk->ik", W, A) + b
        caches.append(((A, W, b), Z))
        A = (hidden if l < L else output)(Z)
    return A, caches


def _cost(AL, Y):
    right = [a if y == 1 else 1 - a for a, y in zip(AL[0], Y[0])]
    return -sum(map(math.log, right)) / len(right)


def _check_sigmoid(function):
    A, changed = call(function, SIGNS)
    right = np.array([[1 / (1 + math.exp(-z)) for z in row] for row in SIGNS])
    same(
        "A", A, right,
        ("el exponente lleva signo menos: np.exp(-Z).", 1 / (1 + np.exp(SIGNS))),
        ("faltan los paréntesis del denominador: 1 / (1 + …).", 1 + np.exp(-SIGNS)),
        ("falta la fracción: 1 / (1 + …).", np.exp(-SIGNS)),
        ("esa es la tangente hiperbólica, que va de -1 a 1.", np.tanh(SIGNS)),
    )  # fmt: skip
    return "En 0 vale ½, y a los lados se acerca a 0 y a 1.", changed


def _check_relu(function):
    A, changed = call(function, SIGNS)
    same(
        "A", A, [[0, 0, 0], [0.5, 1, 3]],
        ("te quedaste con los negativos: es el máximo.", np.minimum(SIGNS, 0)),
        ("no es el valor absoluto: lo negativo se vuelve 0.", np.abs(SIGNS)),
        ("esa es su pendiente; donde Z > 0 va la propia Z.", SIGNS > 0),
        ("np.max busca uno en todo el arreglo; np.maximum compara uno por uno.", 3.0),
    )  # fmt: skip
    return "Lo positivo pasa igual; lo negativo se apaga.", changed


def _check_initialize_parameters_deep(function):
    dims, seed = [6, 4, 3, 1], 3
    parameters, changed = call(function, dims, seed)
    stream = np.random.RandomState(seed).randn(sum(a * b for a, b in zip(dims, dims[1:])))
    fields(parameters, [f"{name}{l}" for l in (1, 2, 3) for name in "Wb"])
    for l, (n_prev, n) in enumerate(zip(dims, dims[1:]), start=1):
        raw, stream = stream[: n * n_prev].reshape(n, n_prev), stream[n * n_prev :]
        root, of = np.sqrt(n_prev), np.random.RandomState
        other = np.random.default_rng(seed).standard_normal((n, n_prev)) / root
        same(
            f"W{l}", parameters[f"W{l}"], raw / root,
            ("falta dividir entre la raíz: / np.sqrt(n_prev).", raw),
            ("la raíz es de lo que entra, layer_dims[l - 1], no de lo que sale.", raw / np.sqrt(n)),
            ("divide entre la raíz de n_prev, no entre n_prev.", raw / n_prev),
            ("multiplicaste por la raíz: hay que dividir.", raw * root),
            ("0.01 es la escala de la red de dos capas; aquí es 1 / raíz de n_prev.", raw * 0.01),
            ("son todos cero: así todas las unidades aprenderían lo mismo.", 0 * raw),
            ("no obedece a la semilla que recibe.", of(1).randn(n, n_prev) / root),
            ("vuelves a sembrar en cada capa: siembra una vez, antes del ciclo.", of(seed).randn(n, n_prev) / root),
            ("usa randn (normal), no rand (entre 0 y 1).", of(seed).rand(n, n_prev) / root),
            ("para sacar los mismos números usa np.random.RandomState(seed).", other),
        )  # fmt: skip
        same(f"b{l}", parameters[f"b{l}"], np.zeros((n, 1)), ("empieza en 0.", np.ones((n, 1))))
    return "Pesos al azar, de escala 1 / √n_prev; sesgos en 0; y sus formas.", changed


def _check_linear_forward(function):
    parameters, A, _ = _small()
    W, b = parameters["W1"], parameters["b1"]
    value, changed = call(function, A, W, b)
    Z, cache = parts(value, "Z", "cache")
    right = np.array([[sum(w * a for w, a in zip(row, x)) for x in A.T] for row in W])
    same(
        "Z", Z, right + b,
        ("falta sumar el sesgo b.", right),
        ("b se suma, no se resta.", right - b),
    )  # fmt: skip
    for i, (part, name, given) in enumerate(
        zip(parts(cache, "A", "W", "b", what="cache tiene"), "AWb", (A, W, b))
    ):
        same(f"cache[{i}], que es {name},", part, given)
    return f"A {A.shape} entra y Z {right.shape} sale; b se sumó a cada columna.", changed


def _check_L_model_forward(function):
    parameters, X, _ = _small()
    value, changed = call(function, X, parameters)
    AL, caches = parts(value, "AL", "caches")
    right, kept = _forward(X, parameters)
    same(
        "AL", AL, right,
        ("la última capa lleva sigmoide, no ReLU.", _forward(X, parameters, output=_ramp)[0]),
        ("a la última capa le falta la sigmoide: AL es una probabilidad.", kept[-1][1]),
        ("las capas ocultas llevan ReLU, no sigmoide.", _forward(X, parameters, hidden=_sigma)[0]),
        ("a las capas ocultas les falta la ReLU.", _forward(X, parameters, hidden=np.copy)[0]),
        ("te quedaste una capa corta: l va de 1 a L, range(1, L + 1).", kept[-1][0][0]),
    )  # fmt: skip
    if not isinstance(caches, (list, tuple)) or len(caches) != 3:
        many = len(caches) if hasattr(caches, "__len__") else type(caches).__name__
        raise Wrong(f"caches: esperaba una lista con 3 elementos, uno por capa; tiene {many}.")
    for l, (cache, (linear, z)) in enumerate(zip(caches, kept)):
        if not isinstance(cache, (list, tuple)) or len(cache) != 2:
            raise Wrong(f"caches[{l}] no es un par; esperaba ((A_prev, W, b), Z).")
        for name, part, given in zip(
            "AWb", parts(cache[0], "A_prev", "W", "b", what=f"caches[{l}][0] tiene"), linear
        ):
            same(f"caches[{l}], {name},", part, given)
        same(f"caches[{l}][1]", cache[1], z, ("guarda Z, no A.", (_ramp if l < 2 else _sigma)(z)))
    return "ReLU, ReLU, sigmoide; y caches guarda lo que hará falta de regreso.", changed


def _check_compute_cost(function):
    AL, Y = np.array([[0.9, 0.2, 0.6, 0.3, 0.45]]), np.array([[1, 0, 1, 1, 0]])
    value, changed = call(function, AL, Y)
    yes, no = Y * np.log(AL), (1 - Y) * np.log(1 - AL)
    same(
        "el costo", value, _cost(AL, Y),
        ("falta el segundo término, el de los que no sonríen: (1 - Y) log(1 - AL).", -yes.mean()),
        ("falta el primer término, el de los que sonríen: Y log(AL).", -no.mean()),
        ("el logaritmo es el natural: np.log.", -(yes + no).mean() / np.log(10)),
        ("los términos están cruzados: Y va con log(AL).", -(Y * np.log(1 - AL) + (1 - Y) * np.log(AL)).mean()),
        ("ese es el error cuadrático; aquí es la entropía cruzada.", ((AL - Y) ** 2).mean()),
        m=M,
    )  # fmt: skip
    tossed, _ = call(function, np.full((1, 4), 0.5), np.array([[0, 1, 1, 0]]))
    same("el costo de quien responde ½ a todo", tossed, math.log(2))
    return "Quien responde ½ a todo paga ln 2 ≈ 0.693.", changed


def _check_linear_backward(function):
    parameters, A, _ = _small()
    W, b = parameters["W1"], parameters["b1"]
    dZ = np.random.RandomState(1).randn(3, M)
    value, changed = call(function, dZ, (A, W, b))
    dA, dW, db = parts(value, "dA_prev", "dW", "db")

    dA_right = slopes(lambda A: np.sum(dZ * (W @ A + b)), A)
    dW_right = slopes(lambda W: np.sum(dZ * (W @ A + b)), W) / M
    db_right = slopes(lambda b: np.sum(dZ * (W @ A + b)), b) / M
    order = "van en este orden: dA_prev, dW, db."
    same("dA_prev", dA, dA_right, (order, dW_right), (order, M * dW_right), m=M)
    same("dW", dW, dW_right, (order, db_right), ("m son las columnas.", dW_right * M / 3), m=M)
    same(
        "db", db, db_right,
        ("suma a lo largo de cada renglón: axis=1.", dZ.sum(0, keepdims=True) / M),
        ("suma a lo largo de cada renglón: axis=1.", dZ.sum(0) / M),
        m=M,
    )  # fmt: skip
    return "Mover cada número un poquito da las mismas pendientes.", changed


def _backward(AL, Y, caches, output=None, hidden=None):
    """The gradients of the course, or, with another ``output`` or ``hidden``, of somebody's slip."""
    output, hidden = output or (lambda dZ, AL: dZ), hidden or (lambda dA, Z: dA * (Z > 0))
    grads, dA = {}, None
    for l in range(len(caches), 0, -1):
        (A_prev, W, _), Z = caches[l - 1]
        dZ = hidden(dA, Z) if l < len(caches) else output(AL - Y, AL)
        dA, grads[f"dW{l}"] = W.T @ dZ, dZ @ A_prev.T / M
        grads[f"db{l}"] = dZ.sum(1, keepdims=True) / M
    return grads


def _check_L_model_backward(function):
    parameters, X, Y = _small(2)
    AL, caches = _forward(X, parameters)
    grads, changed = call(function, AL, Y, caches)
    order = [f"d{name}{l}" for l in (3, 2, 1) for name in "Wb"]
    fields(grads, order)
    slips = [
        ("la pendiente de la sigmoide ya está en AL - Y: no va otra vez.", lambda dZ, AL: dZ * AL * (1 - AL), None),
        ("el primer paso es AL - Y, no la derivada del costo sola.", lambda dZ, AL: dZ / (AL * (1 - AL)), None),
        ("falta la pendiente de la ReLU: dZ = dA * (Z > 0).", None, lambda dA, Z: dA),
        ("la pendiente de la ReLU es 0 donde Z es negativa; la tienes al revés.", None, lambda dA, Z: dA * (Z <= 0)),
        ("va la pendiente de la ReLU, que es 1 o 0, no la ReLU.", None, lambda dA, Z: dA * _ramp(Z)),
        ("la pendiente de la ReLU mira el signo de Z, no el de dA.", None, lambda dA, Z: _ramp(dA)),
        ("en las ocultas va la pendiente de la ReLU, no de la sigmoide.", None, lambda dA, Z: dA * _sigma(Z) * (1 - _sigma(Z))),
    ]  # fmt: skip
    wrong = [(sentence, _backward(AL, Y, caches, *slip)) for sentence, *slip in slips]
    for name in order:
        k = name[1:]
        moved = slopes(lambda v, k=k: _cost(_forward(X, parameters | {k: v})[0], Y), parameters[k])
        same(name, grads[name], moved, *((said, slip[name]) for said, slip in wrong), m=M)
    return "Moviendo cada peso un poquito, el costo cambia lo que dicen tus gradientes.", changed


def _check_update_parameters(function):
    parameters, _, _ = _small(0, (3, 2, 1))
    others, _, _ = _small(1, (3, 2, 1))
    grads, rate = {f"d{name}": values for name, values in others.items()}, 0.1
    new, changed = call(function, parameters, grads, rate)
    fields(new, list(parameters))
    for name, old in parameters.items():
        d = grads[f"d{name}"]
        same(
            name, new[name], old - rate * d,
            ("el paso va cuesta abajo: se resta.", old + rate * d),
            ("falta la tasa de aprendizaje, que multiplica al gradiente.", old - d),
            ("no cambió.", old),
                ("eso es solo el paso: réstaselo a lo que había.", -rate * d),
            )  # fmt: skip
    return "Cada peso y cada sesgo, un paso cuesta abajo.", changed


def _check_predict(function):
    parameters, X, _ = _small(5, (4, 3, 1))
    AL, _ = _forward(X, parameters)
    value, changed = call(function, X, parameters)
    same(
        "la predicción", value, AL > 0.5,
        ("son las probabilidades; falta ver cuáles pasan de 0.5.", AL),
        ("dice que sí a todo: el umbral es 0.5, no 0.", np.ones_like(AL)),
        ("está al revés: 1 si la probabilidad pasa de 0.5.", AL <= 0.5),
    )  # fmt: skip
    return "1 donde la probabilidad pasa de 0.5; si no, 0.", changed


def _check_L_layer_model(function):
    _, X, Y = _small()
    n, rate, seed, dims = 40, 0.5, 3, [4, 3, 2, 1]
    value, changed = call(function, X, Y, dims, rate, n, seed)
    parameters, costs = parts(value, "parameters", "costs")
    right, states, _ = training.film(X, Y, dims, range(n + 1), rate, seed=seed)
    same(
        "costs", np.array(costs, dtype=object), right[:n],
        ("anota el costo antes de actualizar, no después.", right[1 : n + 1]),
        ("no baja nunca: ¿guardas lo que regresa update_parameters?", np.full(n, right[0])),
        ("falta el costo de algún paso: son num_iterations.", right[: n - 1]),
        ("anota el costo de cada paso, no cada tantos.", right[:n:10]),
        ("sobra un paso: son num_iterations.", right[: n + 1]),
        ("la red no empieza de la semilla que recibe.", training.film(X, Y, dims, [n], rate)[0][:n]),
    )  # fmt: skip
    fields(parameters, list(states[n]))
    for name, values in states[n].items():
        same(name, parameters[name], values, ("falta el último paso.", states[n - 1][name]))
    return "Adelante, costo, atrás, actualizar: es el descenso.", changed


CHECKS = {
    name.removeprefix("_check_"): function
    for name, function in globals().items()
    if name.startswith("_check_")
}
