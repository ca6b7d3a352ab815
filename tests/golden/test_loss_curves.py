"""Twenty steps of training give the losses they gave before: a change here must be meant."""

import numpy as np

from millwright.policies.networks import make_network
from millwright.training.augment import ColourJitter
from millwright.training.gradient import FitConfig, fit
from millwright.training.journal import load_losses
from tests.policies.makers import SMALL
from tests.training.tasks import make_square_raw
from tests.training.test_prepare import fitted

PROMPT_CHUNK = [
    0.429735, 0.433658, 0.395586, 0.442249, 0.434523, 0.442204, 0.378784, 0.352286, 0.382402, 0.40415,
    0.36771, 0.377233, 0.374576, 0.371317, 0.344708, 0.403053, 0.392462, 0.373527, 0.358367, 0.351276,
]  # fmt: skip


def test_prompt_chunk(tmp_path):
    _, data = fitted(make_square_raw(128))
    config = FitConfig(samples=20 * 32, batch_size=32, lr=3e-3, warmup_samples=160, log_steps=1, precision="fp32")
    fit(make_network("prompt-chunk", SMALL), data, config, tmp_path, augment=ColourJitter(), progress=False)
    losses = [row["loss"] for row in load_losses(tmp_path)]
    np.testing.assert_allclose(losses, PROMPT_CHUNK, rtol=5e-3)
