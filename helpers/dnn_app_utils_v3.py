"""The names of the course's file of this name, so that its notebooks change one line:

from helpers.dnn_app_utils_v3 import *
"""

import numpy as np

from helpers import network
from helpers.data import load_data as load_data
from helpers.lr_utils import load_dataset as load_dataset
from helpers.network import *  # noqa: F403
from helpers.plots import print_mislabeled_images as print_mislabeled_images
from helpers.training import L_layer_model as L_layer_model
from helpers.training import two_layer_model as two_layer_model


def predict(X, y, parameters):
    """Return network.predict's (1, m) of 0 and 1, and print the accuracy in the course's words."""
    p = network.predict(X, parameters)
    print("Accuracy: " + str(np.sum((p == y) / X.shape[1])))
    return p
