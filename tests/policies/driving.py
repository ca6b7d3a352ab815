"""Small bundles of controllers that drive, and pictures for them."""

import numpy as np
import torch

from millwright.core.features import Feature, Features
from millwright.policies.bundle import Bundle
from millwright.policies.confidence import Calibration
from millwright.policies.networks import make_network
from millwright.processors.clip import Clip
from millwright.processors.concat import Concat
from millwright.processors.normalise import Normalise
from millwright.processors.pipeline import Pipeline
from millwright.processors.road import RoadMask

SEEN = Features(Feature("observation.images.front", (64, 64, 3), "uint8"), Feature("observation.state", (7,)))
CONTROLS = Feature("action", (3,), names=("steering", "throttle", "brake"))


def make_driving_bundle(seed=0, **fields):
    network = make_network("latent-controller", {"memory": 16, "widths": (8,), **fields}, seed)
    inputs = (
        RoadMask(size=network.vae.config.size),
        Concat((("observation.state", ()),), to="scalars"),
        Normalise("scalars", torch.zeros(7), torch.full((7,), 2.0), 5.0),
    )
    pipeline = Pipeline(inputs, (Clip((-1.0, 0.0, 0.0), (1.0, 1.0, 1.0)),))
    return Bundle(network, pipeline, SEEN, CONTROLS, 12.5, "car-racing", "drive")


def make_view(seed=0):
    rng = np.random.default_rng(seed)
    return {
        "observation.images.front": rng.integers(0, 256, (64, 64, 3), dtype=np.uint8),
        "observation.state": rng.standard_normal(7).astype(np.float32),
    }


def make_calibration(bundle, ticks=999):
    """Of drives that were surprising by anything up to 1, and of whatever pictures."""
    picture, anything = torch.zeros(bundle.network.vae.config.code), torch.full((ticks,), 1e6)
    return Calibration(torch.logspace(-9, 0, ticks), picture, anything)
