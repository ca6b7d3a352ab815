"""Twenty steps of training give the losses they gave before: a change here must be meant."""

import numpy as np
import pytest

from millwright.policies.networks import make_network
from millwright.training.augment import ColourJitter
from millwright.training.gradient import FitConfig, fit
from millwright.training.losses import load_losses
from tests.contracts.test_networks import SMALL as EYED
from tests.contracts.test_networks import prepare_square
from tests.policies.makers import SMALL
from tests.training.tasks import make_square_raw
from tests.training.test_prepare import fitted

PROMPT_CHUNK = [
    0.45219, 0.447083, 0.410751, 0.446347, 0.436487, 0.433509, 0.370951, 0.339053, 0.379383, 0.395269,
    0.363093, 0.370491, 0.365686, 0.362477, 0.339242, 0.396989, 0.385324, 0.368474, 0.349212, 0.345829,
]  # fmt: skip
TWO_EYES = [
    0.489345, 0.460793, 0.407981, 0.388003, 0.397068, 0.406704, 0.391102, 0.402725, 0.420392, 0.320381,
    0.389627, 0.381928, 0.362531, 0.388139, 0.312074, 0.306128, 0.33892, 0.377704, 0.324504, 0.350466,
]  # fmt: skip
CURVES = {
    "routed-chunk": [
        0.45718, 0.456726, 0.417352, 0.451818, 0.440979, 0.43665, 0.378935, 0.347945, 0.388303, 0.397926,
        0.372991, 0.374345, 0.371072, 0.373059, 0.34281, 0.4095, 0.398294, 0.379635, 0.351956, 0.356685,
    ],
    "act": [
        1.646694, 1.218767, 0.75673, 0.775777, 0.76047, 0.824488, 0.649893, 0.500139, 0.449317, 0.545213,
        0.435407, 0.427084, 0.379533, 0.329728, 0.329147, 0.359911, 0.358817, 0.324294, 0.30114, 0.310088,
    ],
    "diffusion": [
        1.308807, 1.23416, 1.018175, 0.898788, 0.795652, 0.745414, 0.719201, 0.63881, 0.540214, 0.559895,
        0.507185, 0.502222, 0.419077, 0.412339, 0.454911, 0.370003, 0.362286, 0.409889, 0.364599, 0.397946,
    ],
    "flow": [
        1.832882, 1.711694, 1.29798, 1.31417, 1.165572, 1.22514, 0.947132, 0.9775, 0.922867, 0.911618,
        0.781447, 0.773076, 0.717792, 0.720748, 0.757198, 0.733971, 0.739721, 0.703636, 0.714107, 0.697652,
    ],
}  # fmt: skip


def train(network, folder):
    """Losses of twenty steps on the square task."""
    return fit_twenty_steps(network, fitted(make_square_raw(128))[1], folder)


def fit_twenty_steps(network, data, folder):
    config = FitConfig(samples=20 * 32, batch_size=32, lr=3e-3, warmup_samples=160, log_steps=1, precision="fp32")
    fit(network, data, config, folder, augment=ColourJitter(), progress=False)
    return [row["loss"] for row in load_losses(folder)]


def test_prompt_chunk(tmp_path):
    np.testing.assert_allclose(train(make_network("prompt-chunk", SMALL), tmp_path), PROMPT_CHUNK, rtol=5e-3)


@pytest.mark.parametrize("name", CURVES)
def test_networks_with_an_eye(name, tmp_path):
    losses = train(make_network(name, EYED[name]), tmp_path)
    np.testing.assert_allclose(losses, CURVES[name], rtol=5e-3)


def test_two_eyes(tmp_path):
    losses = fit_twenty_steps(make_network("two-eyes", EYED["two-eyes"]), prepare_square()[1], tmp_path)
    np.testing.assert_allclose(losses, TWO_EYES, rtol=5e-3)
