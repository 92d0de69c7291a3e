"""What the workbook asks: per function what it is given, what is right, the praise, and the slips.

The right ones are called as the reader's are; tests compare them with ``network``.
"""

import numpy as np
from numpy.random import RandomState

from helpers import training

M = 5  # examples in the small arrays; their other sizes differ from it and from each other
STEPS = 120
SIGNS = np.array([[-2.0, -0.5, 0.0], [0.5, 1.0, 3.0]])
GUESS = np.array([[0.9, 0.2, 0.6, 0.3, 0.45]])
ASKED = {}  # name → what is right, what it returns, and what it is given


def _asked(names, *given):
    return lambda right: ASKED.setdefault(right.__name__, (right, names, given))[0]


@_asked("A", SIGNS)
def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))


@_asked("A", SIGNS)
def relu(Z):
    return np.where(Z > 0, Z, 0.0)


@_asked("parameters", [6, 4, 3, 1], 3)
def initialize_parameters_deep(layer_dims, seed, randn=None, scale=None, b=np.zeros):
    draw, parameters = (randn(seed) if randn else RandomState(seed).randn), {}
    for l, (n_prev, n) in enumerate(zip(layer_dims, layer_dims[1:]), start=1):
        factor = scale(n, n_prev) if scale else n_prev**-0.5
        parameters[f"W{l}"], parameters[f"b{l}"] = draw(n, n_prev) * factor, b((n, 1))
    return parameters


RANDOM = RandomState(23)
NET = initialize_parameters_deep([4, 3, 2, 1], 29, b=RANDOM.standard_normal)
X, Y = RANDOM.randn(4, M), np.array([[1, 0, 1, 1, 0]])
DZ, GRADS = X[:3] ** 2 - 1, {f"d{name}": values**2 - 1 for name, values in NET.items()}
HALF = initialize_parameters_deep([4, 3, 1], 259)  # it answers 0.496 and 0.512, among others


@_asked("Z, (A, W, b)", X, NET["W1"], NET["b1"])
def linear_forward(A, W, b, sign=1):
    return W @ A + sign * b, (A, W, b)


@_asked("AL, caches", X, NET)
def L_model_forward(X, parameters, hidden=relu, output=sigmoid, missing=0, keep_A=False):
    A, caches, L = X, [], len(parameters) // 2
    for l in range(1, L + 1 - missing):
        Z, cache = linear_forward(A, parameters[f"W{l}"], parameters[f"b{l}"])
        A = (hidden if l < L else output)(Z)
        caches.append((cache, A if keep_A else Z))
    return A, caches


@_asked("el costo", GUESS, Y)
def compute_cost(AL, Y, yes=1, no=1, log=np.log, m=M):
    return -np.sum(yes * Y * log(AL) + no * (1 - Y) * log(1 - AL)) / m


@_asked("dA_prev, dW, db", DZ, (X, NET["W1"], NET["b1"]))
def linear_backward(dZ, cache, m=M, axis=1, keepdims=True):
    A_prev, W, _ = cache
    return W.T @ dZ, dZ @ A_prev.T / m, dZ.sum(axis, keepdims=keepdims) / m


AL, CACHES = L_model_forward(X, NET)


@_asked("grads", AL, Y, CACHES)
def L_model_backward(AL, Y, caches, power=0, slope=lambda dA, Z: Z > 0):
    grads, dZ = {}, (AL - Y) * (AL * (1 - AL)) ** power
    for l in range(len(caches), 0, -1):
        dA, grads[f"dW{l}"], grads[f"db{l}"] = linear_backward(dZ, caches[l - 1][0])
        dZ = dA * slope(dA, caches[l - 2][1]) if l > 1 else None
    return grads


@_asked("parameters", NET, GRADS, 0.1)
def update_parameters(parameters, grads, learning_rate, old=1, times=1):
    return {k: old * v - times * learning_rate * grads[f"d{k}"] for k, v in parameters.items()}


@_asked("la predicción", X, HALF)
def predict(X, parameters, answer=lambda AL: AL > 0.5):
    return answer(L_model_forward(X, parameters)[0])


@_asked("parameters, costs", X, Y, [4, 3, 2, 1], 0.2, STEPS, 5)
def L_layer_model(X, Y, layers_dims, rate, n, seed, noted=slice(0, -1), missing=0):
    costs, states, _ = training.film(X, Y, layers_dims, range(n + 1), rate, seed=seed)
    return states[n - missing], costs[noted].tolist()


SAID = {  # sentence → of what function, or what is told the right one besides; first the praise
    "sigmoid": {
        "En 0 vale ½, y a los lados se acerca a 0 y a 1.": {},
        "el exponente lleva signo menos: np.exp(-Z).": lambda Z: sigmoid(-Z),
        "faltan los paréntesis del denominador: 1 / (1 + …).": lambda Z: 1 + np.exp(-Z),
        "falta la fracción: 1 / (1 + …).": lambda Z: np.exp(-Z),
        "esa es la tangente hiperbólica, que va de -1 a 1.": np.tanh,
    },
    "relu": {
        "Lo positivo pasa igual; lo negativo se apaga.": {},
        "te quedaste con los negativos: es el máximo.": lambda Z: np.minimum(Z, 0),
        "no es el valor absoluto: lo negativo se vuelve 0.": np.abs,
        "esa es su pendiente; donde Z > 0 va la propia Z.": lambda Z: Z > 0,
        "np.max busca uno en todo el arreglo; np.maximum compara uno por uno.": np.max,
    },
    "initialize_parameters_deep": {
        "Pesos al azar, de escala 1 / √n_prev; sesgos en 0; y sus formas.": {},
        "falta dividir entre la raíz: / np.sqrt(n_prev).": {"scale": lambda n, n_prev: 1},
        "la raíz es de n_prev, lo que entra, no de n.": {"scale": lambda n, n_prev: n**-0.5},
        "divide entre la raíz de n_prev, no entre n_prev.": {"scale": lambda n, n_prev: 1 / n_prev},
        "multiplicaste por la raíz: hay que dividir.": {"scale": lambda n, n_prev: n_prev**0.5},
        "0.01 es de la red de dos capas; aquí, 1 / raíz.": {"scale": lambda n, n_prev: 0.01},
        "si son todos cero, las unidades aprenden lo mismo.": {"scale": lambda n, n_prev: 0},
        "no obedece a la semilla que recibe.": {"randn": lambda seed: RandomState(1).randn},
        "vuelves a sembrar en cada capa: siembra una vez, antes del ciclo.": {
            "randn": lambda seed: lambda *n: RandomState(seed).randn(*n)
        },
        "usa randn, no rand (entre 0 y 1).": {"randn": lambda seed: RandomState(seed).rand},
        "para sacar los mismos números usa np.random.RandomState(seed).": {
            "randn": lambda seed: lambda *n: np.random.default_rng(seed).standard_normal(n)
        },
        "empieza en 0.": {"b": np.ones},
        "es un sesgo por unidad, en columna: np.zeros((n, 1)).": {"b": lambda shape: 0},
    },
    "linear_forward": {
        "A (4, 5) entra y Z (3, 5) sale; b se sumó a cada columna.": {},
        "falta sumar el sesgo b.": {"sign": 0},
        "b se suma, no se resta.": {"sign": -1},
    },
    "L_model_forward": {
        "ReLU, ReLU, sigmoide; y caches guarda lo que hará falta de regreso.": {},
        "la última capa lleva sigmoide, no ReLU.": {"output": relu},
        "a la última capa le falta la sigmoide: AL es una probabilidad.": {"output": np.copy},
        "las capas ocultas llevan ReLU, no sigmoide.": {"hidden": sigmoid},
        "a las capas ocultas les falta la ReLU.": {"hidden": np.copy},
        "te quedaste una capa corta: l va de 1 a L, range(1, L + 1).": {"missing": 1},
        "guarda Z, no A.": {"keep_A": True},
    },
    "compute_cost": {
        "Quien responde ½ a todo paga ln 2 ≈ 0.693.": {},
        "falta el segundo término, el de los que no sonríen: (1 - Y) log(1 - AL).": {"no": 0},
        "falta el primer término, el de los que sonríen: Y log(AL).": {"yes": 0},
        "el logaritmo es el natural: np.log.": {"log": np.log10},
        "falta dividir entre m, las columnas: Y.shape[1] (len(Y) es 1).": {"m": 1},
        "los términos están cruzados: Y va con log(AL).": lambda AL, Y: compute_cost(1 - AL, Y),
        "ese es el error cuadrático, no la entropía cruzada.": lambda AL, Y: np.mean((AL - Y) ** 2),
    },
    "linear_backward": {
        "Mover cada número un poquito da las mismas pendientes.": {},
        "m son los ejemplos, shape[1]; dZ.shape[0] son las unidades.": {"m": 3},
        "m son los ejemplos, shape[1]; A_prev.shape[0] son las unidades de antes.": {"m": 4},
        "sumaste todo; suma por renglón: axis=1, keepdims=True.": {"axis": None, "keepdims": False},
        "suma a lo largo de cada renglón: axis=1, keepdims=True.": {"axis": 0},
        "suma por renglón, axis=1, y con keepdims=True.": {"axis": 0, "keepdims": False},
        "le falta keepdims=True, para quedar en columna.": {"keepdims": False},
    },
    "L_model_backward": {
        "Moviendo cada peso un poquito, el costo cambia tanto como dicen tus gradientes.": {},
        "la pendiente de la sigmoide ya está en AL - Y: no va otra vez.": {"power": 1},
        "el primer paso es AL - Y, no la derivada del costo sola.": {"power": -1},
        "falta la pendiente de la ReLU: dZ = dA * (Z > 0).": {"slope": lambda dA, Z: 1},
        "la pendiente de la ReLU está al revés: es 0 si Z < 0.": {"slope": lambda dA, Z: Z <= 0},
        "va la pendiente de la ReLU, que es 1 o 0, no la ReLU.": {"slope": lambda dA, Z: relu(Z)},
        "la pendiente mira el signo de Z, no el de dA.": {"slope": lambda dA, Z: dA > 0},
        "en las ocultas va la pendiente de la ReLU, no de la sigmoide.": {
            "slope": lambda dA, Z: sigmoid(Z) * sigmoid(-Z)
        },
    },
    "update_parameters": {
        "Cada peso y cada sesgo, un paso cuesta abajo.": {},
        "el paso va cuesta abajo: se resta.": {"times": -1},
        "falta la tasa de aprendizaje, que multiplica al gradiente.": {"times": 10},
        "no cambió.": {"times": 0},
        "eso es solo el paso: réstaselo a lo que había.": {"old": 0},
    },
    "predict": {
        "1 donde la probabilidad pasa de 0.5; si no, 0.": {},
        "son las probabilidades; falta ver cuáles pasan de 0.5.": {"answer": np.copy},
        "dice que sí a todo: el umbral es 0.5.": {"answer": np.ones_like},
        "está al revés: 1 si la probabilidad pasa de 0.5.": {"answer": lambda AL: AL <= 0.5},
        "el umbral es 0.5, y el tuyo es menor.": {"answer": lambda AL: AL > 0.45},
        "el umbral es 0.5, y el tuyo es mayor.": {"answer": lambda AL: AL > 0.55},
    },
    "L_layer_model": {
        "Adelante, costo, atrás, actualizar: es el descenso.": {},
        "anota el costo antes de actualizar, no después.": {"noted": slice(1, None)},
        "no baja: ¿guardas cada paso, y sacas los pesos una vez?": {"noted": [0] * STEPS},
        "falta el costo de un paso: son num_iterations.": {"noted": slice(0, -2)},
        "anota el costo de cada paso, no cada 10.": {"noted": slice(0, -1, 10)},
        "anota el costo de cada paso, no cada 100.": {"noted": slice(0, -1, 100)},
        "sobra un paso: son num_iterations.": {"noted": slice(None)},
        "está vacía: en cada paso, costs.append(…).": {"noted": slice(0)},
        "hay uno solo: ¿«return» dentro del ciclo, o anotas cada tantos?": {"noted": slice(1)},
        "la red no empieza de la semilla que recibe.": lambda *given: L_layer_model(*given[:-1], 1),
        "falta el último paso.": {"missing": 1},
    },
}
