"""A controller that reads a world model's state: its size, its memory, and how it travels."""

import json

import numpy as np
import pytest
import torch

from millwright.core.errors import OptionError, UnknownNameError
from millwright.policies.bundle import load_bundle
from millwright.policies.chunk_player import ChunkPlayer
from millwright.policies.networks import describe_network, make_network
from millwright.policies.onnx_export import export_onnx
from tests.policies.driving import make_driving_bundle, make_view

KINDS = {
    "gru": {},
    "linear": {"widths": ()},
    "lstm": {"world": "mdn-rnn"},
    "ensemble": {"members": 2},
    "untrained": {"untrained": True},
    "memoryless": {"memoryless": True},
    "moving": {"world": "ego-motion", "vae": "pixels", "memory": 0},
    "moving-ensemble": {"world": "ego-motion", "vae": "pixels", "memory": 0, "members": 2},
}


def drive(planner, ticks=4, robots=(0,)):
    """Plans of some ticks (ticks, robots, 3), memories handed back."""
    memories, plans = [None] * len(robots), []
    for tick in range(ticks):
        chunks, memories = planner.plan([make_view(10 * robot + tick) for robot in robots], memories)
        plans.append([chunk.actions[0] for chunk in chunks])
    return np.array(plans)


def test_the_linear_controller_has_the_published_867_numbers():
    network = make_network("latent-controller", {"widths": ()})
    assert sum(parameter.numel() for parameter in network.controller.parameters()) == 867


@pytest.mark.parametrize("kind", KINDS)
def test_it_plans_what_its_world_model_observed(kind):
    bundle = make_driving_bundle(**KINDS[kind])
    network, found = bundle.network.eval(), drive(bundle.planner())
    state, done = None, None
    with torch.no_grad():
        for tick in range(4):
            view = {name: torch.from_numpy(value)[None] for name, value in make_view(tick).items()}
            batch = bundle.pipeline.observe(view)
            latent = torch.cat((network.vae.encode(batch["image"])[0], batch["scalars"]), 1)
            state = network.model.initial(latent) if state is None else network.model.observe(state, done, latent)
            done = network.controller(network.model.read(state))
            np.testing.assert_allclose(found[tick, 0], done[0].numpy(), atol=1e-5)


@pytest.mark.parametrize("kind", ["gru", "lstm"])
def test_planning_for_many_robots_is_planning_for_each(kind):
    planner = make_driving_bundle(**KINDS[kind]).planner()
    together = drive(planner, robots=(0, 1, 2))
    for robot in range(3):
        np.testing.assert_allclose(drive(planner, robots=(robot,))[:, 0], together[:, robot], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_drives_as_before_it_was_written(kind, tmp_path):
    bundle = make_driving_bundle(**KINDS[kind])
    bundle.save(tmp_path / "driver")
    np.testing.assert_array_equal(drive(load_bundle(tmp_path / "driver").planner()), drive(bundle.planner()))


def test_a_described_controller_is_made_again():
    network = make_network("latent-controller", {"members": 2, "widths": (8, 8)}, seed=5)
    description = json.loads(json.dumps(describe_network(network)))
    again = make_network(description["network"], description["config"], seed=5)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), network.parameters(), strict=True))


def test_reset_forgets_what_was_seen():
    policy = ChunkPlayer(make_driving_bundle().planner(), execute=1, blend=0)
    first = [policy.act(make_view(tick)).copy() for tick in range(3)]
    going_on = policy.act(make_view(0)).copy()
    policy.reset(1)
    np.testing.assert_array_equal([policy.act(make_view(tick)) for tick in range(3)], first)
    assert not np.array_equal(going_on, first[0])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["gru", "lstm", "moving"])
def test_an_export_remembers_as_the_network_does(kind):
    bundle = make_driving_bundle(**KINDS[kind])
    np.testing.assert_allclose(
        drive(export_onnx(bundle).planner(), robots=(0, 1)), drive(bundle.planner(), robots=(0, 1)), atol=1e-4
    )


def test_without_memory_only_what_is_seen_now_counts():
    planner = make_driving_bundle(memoryless=True).planner()
    chunks, memories = planner.plan([make_view(0)], [None])
    planner.plan([make_view(1)], memories)
    again, _ = planner.plan([make_view(0)], memories)
    np.testing.assert_array_equal(again[0].actions, chunks[0].actions)


def test_only_a_controller_without_memory_is_cloned_from_frames():
    batch = {"image": torch.rand(4, 1, 32, 32), "scalars": torch.randn(4, 7), "target": torch.rand(4, 1, 3)}
    losses = make_network("latent-controller", {"memoryless": True}).loss(batch)
    losses["loss"].backward()
    with pytest.raises(OptionError, match="memoryless=True"):
        make_network("latent-controller", {}).loss(batch)


@pytest.mark.parametrize("fields", [{"vae": "heavy"}, {"world": "gru"}])
def test_a_wrong_part_is_named(fields):
    with pytest.raises(UnknownNameError, match=next(iter(fields.values()))):
        make_network("latent-controller", fields)


def test_a_control_cannot_contradict_itself():
    with pytest.raises(OptionError, match="choose one"):
        make_network("latent-controller", {"memoryless": True, "untrained": True})
