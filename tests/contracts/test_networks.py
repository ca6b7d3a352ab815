"""What every network in the table promises: it learns, answers in the declared shape, and travels in a bundle."""

import json

import numpy as np
import pytest
import torch

from millwright.core.features import Feature, Features
from millwright.nets.routing import ROUTINGS
from millwright.policies.bundle import Bundle, load_bundle
from millwright.policies.networks import NETWORKS, describe_network, make_network
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.hand import HandAbsolute
from millwright.processors.resize import ResizeImage
from millwright.processors.text import EncodeText
from millwright.processors.window import Window
from millwright.training.gradient import FitConfig, fit
from millwright.training.losses import load_losses
from millwright.training.prepare import fit_pipeline
from tests.policies.makers import HAND_TARGET, INPUTS, PARTS, make_observation
from tests.training.conftest import one_thread  # noqa: F401 - used by every test here
from tests.training.tasks import make_square_raw

CHUNK = {"length": 4, "proprio": 8, "proprio_widths": (8,), "channels": (4, 8)}
EYE = {**CHUNK, "image_size": 16}
UNET = {**EYE, "condition": 32, "widths": (32, 32)}
SMALL = {
    "prompt-chunk": {**CHUNK, "crop_size": 16, "head_widths": (16,)},
    "routed-chunk": {**EYE, "head_widths": (16,)},
    "two-eyes": {**CHUNK, "channels": (8, 16), "crop_size": 16, "hand_size": 16, "head_widths": (32,)},
    "act": {**EYE, "width": 32, "latent": 2},
    "diffusion": UNET,
    "flow": UNET,
    "vla": {
        **EYE,
        "recent": 1,
        "cameras": ("image",),
        "text": 64,
        "gripper": False,
        "dof": 5,
        "film_width": 8,
        "head_widths": (32,),
    },
}
ROUTED = [(name, routing) for name in ("routed-chunk", "act", "diffusion", "flow") for routing in ROUTINGS]
LEARNS_IN_DREAMS = "latent-controller"
"""Not from chunks; tests/policies/test_latent_controller.py holds it to what else is promised here."""
BOX = "observation.environment_state"
OBSERVED = Features(*INPUTS.values(), Feature("task", (), "string"))


READ = dict.fromkeys(SMALL, ("crop", "region", "proprio")) | {
    "two-eyes": ("crop", "region", "hand", "proprio", "first.crop"),
    "vla": ("agentview", "wrist", "text", "proprio", "past.proprio"),
}


@pytest.fixture(scope="module")
def prepared():
    return prepare_square()


def prepare_square():
    """A pipeline that makes what any eye may read, and the square task as it prepares it."""
    inputs = (
        PromptCrop(size=16),
        ResizeImage(size=16),
        Window(size=16),
        Concat(((BOX, (0, 1, 2, 3)),), to="box"),
        Concat(PARTS),
        EncodeText(encoder="hashed"),
    )
    keep = ("crop", "first.crop", "region", "image", "hand", "box", "proprio", "text")
    first = np.arange(256) // 8 * 8
    raw = {**make_square_raw(256), "task": np.array(["go to the square", "to the bright one"] * 128, object)}
    return fit_pipeline(raw, inputs, (HandAbsolute(),), target="label.plan", keep=keep, first=first)


def make_network_bundle(name, pipeline):
    return Bundle(make_network(name, SMALL[name]), pipeline, OBSERVED, HAND_TARGET, 15.0, "brick-table", "lift")


def test_every_network_of_the_table_is_held_to_these_promises():
    assert set(SMALL) | {LEARNS_IN_DREAMS} == set(NETWORKS)


@pytest.mark.parametrize("name", SMALL)
def test_a_network_learns_where_the_square_is(name, prepared, tmp_path):
    _, data = prepared
    network = make_network(name, SMALL[name])
    config = FitConfig(samples=150 * 32, batch_size=32, lr=5e-3, warmup_samples=320, log_steps=15, ema_decay=0.9)
    fit(network, data, config, tmp_path, progress=False)
    losses = [row["loss"] for row in load_losses(tmp_path)]
    assert losses[-1] < 0.7 * losses[0]
    batch = data.batch(np.arange(256))
    with torch.inference_mode():
        error = (network.sample(batch) - batch["target"])[..., :2].abs().mean()
    assert error < 0.4 * batch["target"][..., :2].abs().mean()


@pytest.mark.parametrize("name", SMALL)
def test_a_plan_has_the_declared_shape_and_comes_back_from_a_bundle_bit_for_bit(name, prepared, tmp_path):
    bundle = make_network_bundle(name, prepared[0])
    bundle.save(tmp_path / name)
    plans = [
        made.planner().plan([make_observation()], [None])[0][0].actions
        for made in (bundle, bundle, load_bundle(tmp_path / name))
    ]
    assert plans[0].shape == (4, *HAND_TARGET.shape)
    assert np.isfinite(plans[0]).all()
    np.testing.assert_array_equal(plans[0], plans[1])
    np.testing.assert_array_equal(plans[0], plans[2])


@pytest.mark.parametrize("name", SMALL)
def test_planning_for_many_is_planning_for_each(name, prepared):
    planner = make_network_bundle(name, prepared[0]).planner()
    observations = [make_observation(seed) for seed in range(3)]
    together, _ = planner.plan(observations, [None] * 3)
    for observation, chunk in zip(observations, together, strict=True):
        alone, _ = planner.plan([observation], [None])
        np.testing.assert_allclose(alone[0].actions, chunk.actions, atol=1e-4)


@pytest.mark.parametrize("name", SMALL)
def test_a_described_network_is_made_again(name):
    network = make_network(name, SMALL[name], seed=5)
    description = json.loads(json.dumps(describe_network(network)))
    again = make_network(description["network"], description["config"], seed=5)
    assert again.config == network.config
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), network.parameters(), strict=True))


@pytest.mark.parametrize("name", SMALL)
def test_the_default_network_is_small_and_reads_what_it_says(name):
    network = make_network(name, {})
    assert sum(parameter.numel() for parameter in network.parameters()) <= 1_000_000
    assert network.inputs == READ[name]


@pytest.mark.parametrize(("name", "routing"), ROUTED)
def test_a_prompt_reaches_every_network_by_every_routing(name, routing, prepared):
    network = make_network(name, {**SMALL[name], "routing": routing})
    batch = prepared[1].batch(np.arange(8))
    network.loss({key: batch[key] for key in (*network.inputs, "target")})["loss"].backward()
    idle = [key for key, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert not [key for key in idle if not key.endswith(("key_value.bias", "qkv.bias"))]
    with torch.inference_mode():
        assert network.eval().sample(batch).shape == (8, 4, 5)
