"""The names of the course's file of this name, so that its notebooks change one line:

from helpers.dnn_app_utils_v3 import *
"""

from helpers.data import load_data as load_data
from helpers.network import *  # noqa: F403
from helpers.plots import print_mislabeled_images as print_mislabeled_images
from helpers.training import L_layer_model as L_layer_model
from helpers.training import two_layer_model as two_layer_model
