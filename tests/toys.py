"""A 2-D reach world for tests: a point that is to come to a target, with policies that do, fail or dawdle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium
import numpy as np

from millwright.core.episode import Episode
from millwright.core.facts import GraspFacts
from millwright.core.features import Feature, Features
from millwright.core.judging import Judge, Verdict
from millwright.core.loop import run_episode
from millwright.core.planner import Chunk
from millwright.core.policy import Policy, Privileged

SIZE, SPEED, HZ, SIGHT = 32, 0.6, 15, 2.0  # pixels, m/s, control rate, m seen across; actions are in [-1, 1] of SPEED


class ReachEnv(gymnasium.Env):
    """A point starts at the origin, the target 0.2 to 0.8 m away; a wrist camera hangs over the point."""

    metadata: ClassVar = {"control_hz": HZ}

    def __init__(self, max_steps: int = 60) -> None:
        self.max_steps = max_steps
        self.features = Features(
            Feature("observation.images.wrist", (SIZE, SIZE, 3), "uint8"),
            Feature("observation.state", (2,), unit="m", names=("x", "y")),
            Feature("observation.environment_state", (6,), names=("x0", "y0", "x1", "y1", "visible", "age_s")),
            Feature("task", (1,), "string"),
        )
        self.action = Feature("action", (2,), unit=f"{SPEED} m/s", names=("x", "y"))
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
        self.executed: list[np.ndarray] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        angle, distance = self.np_random.uniform([0, 0.2], [2 * np.pi, 0.8])
        self.target = distance * np.array([np.cos(angle), np.sin(angle)])
        self.position, self.velocity, self.tick, self.executed = np.zeros(2), np.zeros(2), 0, []
        return self._observe(), {"facts": self._facts()}

    def step(self, action: np.ndarray) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.executed.append(action.copy())
        self.velocity = np.clip(action, -1, 1).astype(np.float64) * SPEED
        self.position = self.position + self.velocity / HZ
        self.tick += 1
        return self._observe(), 0.0, False, self.tick >= self.max_steps, {"facts": self._facts()}

    def _observe(self) -> dict[str, Any]:
        centre = 0.5 + (self.target - self.position) / SIGHT
        box = np.array([*(centre - 0.05), *(centre + 0.05), 1.0, self.tick / HZ], np.float32)
        x0, y0, x1, y1 = np.clip(np.round(box[:4] * SIZE), 0, SIZE).astype(int)
        image = np.full((SIZE, SIZE, 3), 60, np.uint8)
        image[y0:y1, x0:x1] = (220, 40, 40)
        return {
            "observation.images.wrist": image,
            "observation.state": self.position.astype(np.float32),
            "observation.environment_state": box,
            "task": "reach the red square",
        }

    def _facts(self) -> GraspFacts:
        zeros, still = np.zeros((1, 3)), np.array([[1.0, 0, 0, 0]])
        hand = np.array([*self.position, 0.0, 1, 0, 0, 0])
        return GraspFacts(
            ("red",), 0, self.tick / HZ, np.array([[*self.target, 0.0]]), still, zeros, np.zeros((1, 2), bool), hand,
            np.array([*self.velocity, 0.0]), hand[:3], self.position, 0.05, 0.0, 0.05, False, 0.0, 0.0,
        )  # fmt: skip


class ReachJudge(Judge):
    """Success: within 5 cm of the target for three ticks. `out`: more than 1.2 m away from it."""

    failures = ("out", "timeout")

    def reset(self) -> None:
        self.seen: list[GraspFacts] = []
        self.distances: list[float] = []

    def see(self, facts: GraspFacts) -> None:
        self.seen.append(facts)
        self.distances.append(float(np.linalg.norm(facts.positions[0] - facts.hand_pose[:3])))

    @property
    def decided(self) -> bool:
        return self.verdict().failure != "timeout"

    def verdict(self) -> Verdict:
        last = self.distances[-1]
        success = len(self.distances) >= 3 and max(self.distances[-3:]) < 0.05
        failure = None if success else "out" if last > 1.2 else "timeout"
        return Verdict(success, failure, {"distance_m": last})

    def metrics(self) -> dict[str, float]:
        last = self.distances[-1]
        always = {"final_distance_m": last, "final_wrist_distance_m": last, "collision": 0.0, "wrong_object": 0.0}
        return {**always, "cycle_time_s": self.seen[-1].time_s} if self.verdict().success else always


class Scripted(Privileged):
    """The expert: plans 16 ticks straight towards the target it is told of, four of them executed a plan."""

    name, _plan, _left = "scripted", None, 0

    def reset(self, seed: int) -> None:
        self._plan, self._left = None, 0

    def see(self, facts: GraspFacts) -> None:
        self._away, self._time_s = (facts.positions[0] - facts.hand_pose[:3])[:2], facts.time_s

    def act(self, observation: Any) -> np.ndarray:
        if self._left == 0:
            self._plan, self._left = Chunk(_towards(self._away), float(HZ), observed_at_s=self._time_s), 4
        self._left -= 1
        return self._plan.actions[3 - self._left]

    @property
    def plan(self) -> Chunk | None:
        return self._plan


class Seeing(Policy):
    """Goes to the centre of what is red in its image; without anything red it stays."""

    name = "seeing"

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Any) -> np.ndarray:
        rows, columns = np.nonzero(observation["observation.images.wrist"][..., 0] > 150)
        if len(rows) == 0:
            return np.zeros(2, np.float32)
        return _towards((np.array([columns.mean(), rows.mean()]) + 0.5 - SIZE / 2) * SIGHT / SIZE)[0]


class Constant(Policy):
    """The same action always: (0, 0) dawdles, (1, 0) leaves, (nan, 0) must never be executed."""

    name = "constant"

    def __init__(self, *action: float) -> None:
        self.action = np.array(action, np.float32)

    def reset(self, seed: int) -> None: ...

    def act(self, observation: Any) -> np.ndarray:
        return self.action


def _towards(away: np.ndarray) -> np.ndarray:
    """(16, 2) actions that come to a point `away` and stay there."""
    steps, here = [], np.zeros(2)
    for _ in range(16):
        steps.append(np.clip((away - here) * HZ / SPEED, -1, 1))
        here = here + steps[-1] * SPEED / HZ
    return np.array(steps, np.float32)


@dataclass(frozen=True)
class MakePlay:
    """A picklable factory of a player of the reach world."""

    policy: type[Policy] = Scripted
    arguments: tuple[float, ...] = ()
    max_steps: int = 60

    def __call__(self) -> Any:
        env, policy, judge = ReachEnv(self.max_steps), self.policy(*self.arguments), ReachJudge()

        def play(seed: int) -> Episode:
            about = {"env": "reach", "env_options": {"max_steps": self.max_steps}}
            return run_episode(env, policy, judge, seed, provenance=about)

        return play
