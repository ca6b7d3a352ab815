"""Between LeRobot's policy and a robot: memories are handed back and forth, nobody's plan depends on another's."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from millwright.core.errors import BundleError, MissingExtraError, OptionError
from millwright.policies.lerobot import planner as module
from millwright.policies.lerobot.checkpoint import load_checkpoint
from millwright.policies.lerobot.planner import LeRobotPlanner, Serving
from tests.policies.lerobot.folders import STATE, TOP, WRIST, write

LENGTH, BROKEN = 5, 666.0


class Fake:
    """A policy as LeRobot calls one: its chunk shows the states that it saw, a tick's number, and what it drew."""

    def __init__(self, kind: str, num_seen: int) -> None:
        self.config = SimpleNamespace(
            type=kind, device="cpu", use_amp=False, chunk_size=LENGTH, max_action_dim=3, noise_scheduler_type="DDPM"
        )
        self.num_seen = num_seen
        self.batches: list[dict[str, Any]] = []

    def predict_action_chunk(self, batch: dict[str, Any], noise: Tensor | None = None) -> Tensor:
        self.batches.append(batch)
        states = batch[STATE].reshape(-1, self.num_seen, 2)
        if (states[:, -1, 0] == BROKEN).any():
            raise RuntimeError("no such thing")
        if self.config.type == "diffusion":
            noise = torch.randn(len(states), LENGTH, 3)
        drawn = torch.zeros(len(states)) if noise is None else noise[:, 0, 0]
        ticks = torch.arange(LENGTH).expand(len(states), LENGTH)
        return torch.stack([ticks, states[:, 0, 0, None] + 0 * ticks, drawn[:, None] + 0 * ticks], -1)


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def make_planner(kind: str = "act", num_seen: int = 1, rename: Mapping[str, str] = {}, **options: Any) -> Any:
        fake = Fake(kind, num_seen)
        config = {"n_obs_steps": num_seen, "temporal_ensemble_coeff": options.pop("ensemble", None)}
        folder = write(tmp_path / f"{kind}-{len(list(tmp_path.iterdir()))}", kind, **config)
        monkeypatch.setattr(
            module, "load_policy", lambda checkpoint: (fake, lambda batch: batch, lambda actions: actions)
        )
        return LeRobotPlanner(load_checkpoint(folder), Serving(10.0, "lift", rename, **options)), fake

    return make_planner


def observe(x: float = 1.0, top: str = TOP) -> dict[str, Any]:
    pictures = {top: np.full((24, 32, 3), 51, np.uint8), WRIST: np.full((16, 16, 3), 255, np.uint8)}
    return {**pictures, STATE: np.array([x, 0], np.float32), "task": f"go to {x:g}"}


def test_pictures_and_words_arrive_as_lerobot_wants_them(make: Any) -> None:
    planner, fake = make("smolvla", rename={"observation.images.left": TOP})
    planner.plan([observe(1, "observation.images.left"), observe(2, "observation.images.left")], [None, None])
    (batch,) = fake.batches
    assert batch["task"] == ["go to 1", "go to 2"]
    assert batch[TOP].shape == (2, 3, 24, 32)
    assert batch[TOP].dtype == torch.float32
    assert torch.equal(batch[TOP], torch.full((2, 3, 24, 32), 51 / 255))
    assert batch[STATE].tolist() == [[1, 0], [2, 0]]


def test_a_chunk_is_all_that_is_predicted_and_nothing_is_remembered(make: Any) -> None:
    planner, _ = make()
    (chunk,), memories = planner.plan([observe(3)], [None])
    assert memories == [None]
    assert chunk.actions[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert chunk.actions.dtype == np.float32
    assert (chunk.rate_hz, chunk.digest) == (10.0, planner.digest)


def test_a_policy_that_looks_back_sees_the_tick_before_of_its_own_robot(make: Any) -> None:
    planner, _ = make("diffusion", num_seen=2, play="chunk")
    memories: list[Any] = [None, None]
    seen = []
    for tick in range(3):
        chunks, memories = planner.plan([observe(tick), observe(10 + tick)], memories)
        seen.append([chunk.actions[0, 1] for chunk in chunks])
    assert seen == [[0, 10], [0, 10], [1, 11]]


def test_a_plan_is_played_tick_by_tick_as_lerobot_does(make: Any) -> None:
    planner, fake = make("diffusion", num_seen=2)
    memory: Any = None
    played = []
    for tick in range(5):
        (chunk,), (memory,) = planner.plan([observe(tick)], [memory])
        assert len(chunk) == 1
        played.append(chunk.actions[0, :2].tolist())
    assert played == [[0, 0], [1, 0], [0, 1], [1, 1], [0, 3]]  # two of each plan; it saw the tick before each
    assert len(fake.batches) == 3


def test_robots_are_planned_for_in_one_call_where_nothing_is_drawn(make: Any) -> None:
    planner, fake = make("act")
    planner.plan([observe(x) for x in range(3)], [None] * 3)
    assert [len(batch[STATE]) for batch in fake.batches] == [3]


@pytest.mark.parametrize(("kind", "calls"), [("smolvla", 1), ("diffusion", 3)])
def test_what_is_drawn_depends_on_the_observation_alone(make: Any, kind: str, calls: int) -> None:
    planner, fake = make(kind)
    torch.manual_seed(1)
    together, _ = planner.plan([observe(x) for x in range(3)], [None] * 3)
    assert len(fake.batches) == calls
    torch.manual_seed(2)
    after = torch.rand(1)
    torch.manual_seed(2)
    alone = [planner.plan([observe(x)], [None])[0][0] for x in range(3)]
    assert torch.rand(1) == after  # the process's own random numbers go on as if nothing had been
    assert [chunk.actions.tolist() for chunk in together] == [chunk.actions.tolist() for chunk in alone]
    assert len({chunk.actions[0, 2] for chunk in alone}) == 3


def test_diffusion_is_planned_together_only_where_noise_is_drawn_once() -> None:
    config = SimpleNamespace(
        type="diffusion", noise_scheduler_type="DDIM", horizon=8, action_feature=SimpleNamespace(shape=(3,))
    )
    assert module.describe_noise(config) == (8, 3)
    config.noise_scheduler_type = "DDPM"
    assert module.describe_noise(config) is None


def test_the_digest_tells_how_it_is_served(make: Any) -> None:
    options: list[dict[str, Any]] = [{}, {"play": "tick"}, {"action": "hand_motion"}, {"rename": {"a.b": TOP}}]
    assert len({make(**each)[0].digest for each in options}) == 4
    assert make()[0].digest == make()[0].digest


def test_what_lerobot_cannot_plan_from_is_told_and_threads_are_put_back(make: Any) -> None:
    planner, _ = make()
    before = torch.get_num_threads()
    with pytest.raises(BundleError, match="LeRobot's act cannot plan from an observation: RuntimeError: no such thing"):
        planner.plan([observe(BROKEN)], [None])
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"action": "joints"}, "action, hand_motion, hand_target; got joints"),
        ({"play": "action"}, "--play is chunk or tick; got action"),
        ({"ensemble": 0.01, "play": "tick"}, "averages its chunks.*--play chunk"),
    ],
)
def test_a_way_to_serve_that_there_is_not_is_refused(make: Any, options: dict[str, Any], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        make(**options)


def test_where_lerobot_is_not_it_says_what_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lerobot", None)
    with pytest.raises(MissingExtraError, match="Python of LeRobot's own environment"):
        LeRobotPlanner(load_checkpoint(write(tmp_path / "mine")), Serving(10.0, "lift", {}))
