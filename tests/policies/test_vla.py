"""vla: of the document's sizes; words count, the gripper is learned as a probability, frames are remembered."""

import numpy as np
import pytest
import torch

from millwright.core.errors import OptionError, UnknownNameError
from millwright.nets.parameters import count_parameters
from millwright.nets.quick import make_quick
from millwright.policies.networks import make_network
from millwright.policies.vla import DOCUMENT
from millwright.training.data import HistoryData
from millwright.training.gradient import FitConfig, fit
from millwright.training.prepare import prepare
from tests.policies.arms import ATTENTION, FILM, POINTING, make_arm_batch, make_arm_bundle, make_arm_observation

KINDS = {"film": FILM, "pointing": POINTING, "attention": ATTENTION}
EACH = pytest.mark.parametrize("fields", KINDS.values(), ids=KINDS)


def test_the_document_s_network_has_the_document_s_parameters_part_by_part():
    counts = count_parameters(make_network("vla", DOCUMENT))
    table = {"vision": 11.2e6, "fusion": 2.1e6, "decoder": 8.3e6}
    assert {part: count.trainable for part, count in counts.items()} == {
        part: pytest.approx(number, rel=0.05) for part, number in table.items()
    }
    assert sum(count.trainable for count in counts.values()) == pytest.approx(21.6e6, rel=0.05)


def test_the_default_is_about_a_million_parameters():
    assert sum(map(sum, count_parameters(make_network("vla", {})).values())) == pytest.approx(1e6, rel=0.05)


@EACH
def test_every_parameter_learns(fields):
    network = make_network("vla", fields)
    for layer in getattr(network.fusion, "films", {}).values():  # which begin at 0, so that nothing before them learns
        torch.nn.init.normal_(layer.layers[0].weight)
    network.loss(make_arm_batch(network))["loss"].backward()
    idle = [name for name, value in network.named_parameters() if value.grad is None or not value.grad.any()]
    assert not [name for name in idle if not name.endswith(("key_value.bias", "qkv.bias"))]


@EACH
def test_the_gripper_is_a_probability_with_a_loss_of_its_own(fields):
    network = make_network("vla", {**fields, "gripper_weight": 0.25})
    batch = make_arm_batch(network)
    losses = network.loss(batch)
    pointing = 0.2 * losses.get("pointing", torch.tensor(0.0))
    torch.testing.assert_close(losses["loss"], losses["motion"] + 0.25 * losses["gripper"] + pointing)
    chunk = network.sample(batch)
    assert chunk.shape == (4, 4, 7)
    assert ((chunk[..., 6] > 0) & (chunk[..., 6] < 1)).all()
    expected = torch.nn.functional.binary_cross_entropy(chunk[..., 6], batch["target"][..., 6])
    torch.testing.assert_close(losses["gripper"], expected)
    batch["target"][..., 6] = 1 - batch["target"][..., 6]
    torch.testing.assert_close(network.loss(batch)["motion"], losses["motion"])


@EACH
def test_what_is_said_changes_what_is_done_only_where_there_are_words(fields):
    deaf = make_network("vla", {**fields, "text": 0, "words": 0})
    assert "text" not in deaf.inputs
    network = make_network("vla", fields)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    batch = make_arm_batch(network)
    other = {**batch, "text": batch["text"].flip(0)}
    assert not torch.allclose(network.sample(batch), network.sample(other))
    assert torch.equal(deaf.sample(batch), deaf.sample(other))


@pytest.mark.parametrize("fields", [FILM, ATTENTION, {**ATTENTION, "backbone": "resnet18"}])
def test_the_copy_that_is_quicker_to_call_answers_the_same(fields):
    network = make_network("vla", fields).eval()
    batch = make_arm_batch(network)
    torch.testing.assert_close(make_quick(network).sample(batch), network.sample(batch), atol=1e-4, rtol=1e-4)


def test_words_that_are_not_there_are_not_looked_at():
    network = make_network("vla", ATTENTION)
    batch = make_arm_batch(network)
    batch["text"][:, 4:] = 0
    short = {**batch, "text": batch["text"][:, :4]}
    torch.testing.assert_close(network.sample(batch), network.sample(short))


def test_a_frame_s_features_that_are_handed_back_are_those_of_the_frame():
    network = make_network("vla", ATTENTION).eval()
    batch = make_arm_batch(network)
    earlier = [{camera: batch[f"past.{camera}"][:, i] for camera in network.config.cameras} for i in range(2)]
    pooled = torch.stack([network.look(frame)["pooled"] for frame in earlier], 1)
    seen = {**batch, **network.look(batch), "past.pooled": pooled}
    torch.testing.assert_close(network.sample(seen), network.sample(batch))


@EACH
def test_actions_are_motions_and_a_sign(fields):
    chunk = make_arm_bundle(fields).planner().plan([make_arm_observation()], [None])[0][0]
    assert chunk.actions.shape == (4, 7)
    assert set(np.unique(chunk.actions[:, 6])) <= {-1.0, 1.0}


@EACH
def test_many_robots_with_memories_of_any_age_are_planned_for_as_one_by_one(fields):
    planner = make_arm_bundle(fields).planner()
    says = ["pick up the red cube", "lift the blue ball", "grab the can"]
    memories = [None] * 3
    for tick in range(5):
        if tick < 3:
            memories[tick] = None
        seen = [make_arm_observation(10 * tick + robot, says[robot]) for robot in range(3)]
        together, later = planner.plan(seen, memories)
        for robot in range(3):
            alone, [kept] = planner.plan([seen[robot]], [memories[robot]])
            np.testing.assert_allclose(alone[0].actions, together[robot].actions, atol=1e-5)
            assert set(kept) == set(later[robot])
        memories = later


def test_the_planner_remembers_as_many_frames_as_the_network_looks_at_and_no_more():
    planner = make_arm_bundle(ATTENTION).planner()
    frames = [make_arm_observation(seed) for seed in range(5)]

    def play(seeds):
        memory = None
        for seed in seeds:
            [chunk], [memory] = planner.plan([frames[seed]], [memory])
        return chunk.actions

    np.testing.assert_allclose(play([0, 1, 2, 3]), play([4, 1, 2, 3]), atol=1e-6)
    assert not np.allclose(play([1, 2, 3]), play([4, 2, 3]), atol=1e-6)
    np.testing.assert_allclose(play([1, 1, 2]), play([1, 2]), atol=1e-6)  # before the first frame it was the first


def test_one_that_points_believes_what_it_has_seen_so_far_and_a_new_instruction_begins_anew():
    planner = make_arm_bundle(POINTING).planner()
    frames = [make_arm_observation(seed) for seed in range(3)]

    def play(seeds, memory=None):
        for seed in seeds:
            [chunk], [memory] = planner.plan([frames[seed]], [memory])
        return chunk.actions, memory

    _, memory = play([0, 0, 0, 1])
    belief = memory["past.believed"]
    assert belief.shape == (1, 17)
    torch.testing.assert_close(belief.sum(), torch.tensor(1.0))
    assert not torch.allclose(belief, play([2, 2, 2, 1])[1]["past.believed"])
    others = make_arm_observation(1, task="take the green ball")
    [anew], _ = planner.plan([others], [memory])
    [first], _ = planner.plan([others], [None])
    np.testing.assert_allclose(anew.actions, first.actions, atol=1e-6)


def test_a_network_with_a_history_is_trained_on_the_windows_that_it_will_see(tmp_path):
    bundle = make_arm_bundle(ATTENTION)
    frames = [make_arm_observation(seed) for seed in range(8)]
    raw = {name: np.stack([frame[name] for frame in frames]) for name in frames[0] if name != "task"}
    actions = np.random.default_rng(0).normal(size=(8, 4, 7)).astype(np.float32)
    raw |= {"task": np.array([frame["task"] for frame in frames]), "plan": actions}
    data = prepare(bundle.pipeline, raw, target="plan", keep=bundle.network.inputs)
    windows = HistoryData(data, bundle.network.looked_back, np.array([0] * 5 + [5] * 3))
    planner, memory = bundle.planner(), None
    for frame in frames[:3]:
        [chunk], [memory] = planner.plan([frame], [memory])
    with torch.inference_mode():
        batch = windows.batch(np.array([2]))
        seen = bundle.pipeline.act(batch, bundle.network.eval().sample(batch))
    np.testing.assert_allclose(seen[0].numpy(), chunk.actions, atol=1e-4)
    result = fit(bundle.network, windows, FitConfig(samples=16, batch_size=8), tmp_path, progress=False)
    assert np.isfinite(result.loss)


def test_parts_that_do_not_go_together_are_refused_with_what_would():
    for fields in ({"history": 2}, {"backbone": "resnet18"}, {"frozen": True}):
        with pytest.raises(OptionError, match="fusion='attention'"):
            make_network("vla", fields)
    for fields, wanted in (({"words": 3}, "fusion='pointing'"), ({"context": -1}, "0 or more"),
                           ({"fusion": "pointing", "channels": (8, 16, 16)}, "more than 3 convolutions")):  # fmt: skip
        with pytest.raises(OptionError, match=wanted):
            make_network("vla", fields)
    for fields in ({"history": 0}, {"blocks": 0}, {"recent": 0}, {"questions": 0}, {"query": 0}):
        with pytest.raises(OptionError, match="has to be 1 or more"):
            make_network("vla", fields)
    with pytest.raises(UnknownNameError, match="film, pointing, attention"):
        make_network("vla", {"fusion": "flim"})
    with pytest.raises(UnknownNameError, match="mlp, transformer"):
        make_network("vla", {"decoder": "lstm"})
