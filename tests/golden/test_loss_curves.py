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
    0.45219, 0.447083, 0.410751, 0.446347, 0.436487, 0.433509, 0.370951, 0.339053, 0.379383, 0.395269,
    0.363093, 0.370491, 0.365686, 0.362477, 0.339242, 0.396989, 0.385324, 0.368474, 0.349212, 0.345829,
]  # fmt: skip


def test_prompt_chunk(tmp_path):
    _, data = fitted(make_square_raw(128))
    config = FitConfig(samples=20 * 32, batch_size=32, lr=3e-3, warmup_samples=160, log_steps=1, precision="fp32")
    fit(make_network("prompt-chunk", SMALL), data, config, tmp_path, augment=ColourJitter(), progress=False)
    losses = [row["loss"] for row in load_losses(tmp_path)]
    np.testing.assert_allclose(losses, PROMPT_CHUNK, rtol=5e-3)
