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
    0.429372, 0.429954, 0.393295, 0.439254, 0.432882, 0.434727, 0.369932, 0.340647, 0.376725, 0.393083,
    0.361481, 0.36769, 0.364895, 0.362166, 0.333862, 0.395044, 0.382832, 0.366863, 0.347379, 0.343253,
]  # fmt: skip


def test_prompt_chunk(tmp_path):
    _, data = fitted(make_square_raw(128))
    config = FitConfig(samples=20 * 32, batch_size=32, lr=3e-3, warmup_samples=160, log_steps=1, precision="fp32")
    fit(make_network("prompt-chunk", SMALL), data, config, tmp_path, augment=ColourJitter(), progress=False)
    losses = [row["loss"] for row in load_losses(tmp_path)]
    np.testing.assert_allclose(losses, PROMPT_CHUNK, rtol=5e-3)
