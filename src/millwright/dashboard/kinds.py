"""Kinds of tasks: what a page tells of things that are picked, and of a car that is driven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from millwright.core.episode import Step
from millwright.core.errors import OptionError
from millwright.core.facts import DrivingFacts, GraspFacts
from millwright.core.features import Observation
from millwright.core.policy import Policy
from millwright.dashboard.commands import Dream
from millwright.dashboard.dreaming import Dreams, DreamTold
from millwright.dashboard.snapshot import Scenery, Snapshot
from millwright.dashboard.stage import Floats, Stage, Viewer


@dataclass(frozen=True)
class Axis:
    """What is traced over time."""

    title: str
    unit: str
    factor: float = 1.0
    """From a point's number to the unit."""
    least: float = 1.0
    """The axis reaches so far at least, in the unit."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Kind(Protocol):
    """Between an environment's own facts and a snapshot's fields."""

    traced: Axis

    def make_viewer(self, env: Any) -> Callable[[], Viewer]:
        """What makes what draws the environment's states."""

    def look_around(self, env: Any, observation: Observation) -> dict[str, Any]:
        """Fields of a snapshot that tell what there is in a scene."""

    def name_target(self, facts: Any, scenery: Scenery) -> str:
        """What is being done, in a word or two."""

    def locate(self, facts: Any, scenery: Scenery) -> Floats:
        """Where what can be asked for is, (n, 3) m."""

    def watch(self, policy: Policy, name: str) -> Policy:
        """The policy of that name, with what watches it."""

    def tell(self, observation: Observation, facts: Any) -> dict[str, Any]:
        """Fields of a snapshot while an episode runs."""

    def follow(self, step: Step, now: Snapshot) -> tuple[float, dict[str, Any]]:
        """What is traced of a step, and fields of a snapshot that tell of it."""

    def dream(self, wish: Dream) -> DreamTold:
        """Change what dreams beside a drive.

        Raises:
            MillwrightError: nothing could, or not so.
        """


class Picking:
    """Things that lie on a table."""

    traced = Axis("Distance to the target", "mm", 1000.0, 100.0)

    def __init__(self, by_words: bool) -> None:
        self._by_words = by_words

    def make_viewer(self, env: Any) -> Callable[[], Viewer]:
        made: Callable[[], Viewer] = env.viewer_factory()
        return made

    def look_around(self, env: Any, observation: Observation) -> dict[str, Any]:
        names = tuple(env.object_names)
        rows = tuple(getattr(env, "object_rows", range(len(names))))
        examples = tuple(env.suggest_instructions()) if self._by_words else ()
        return {"scenery": Scenery(names, tuple(env.object_colors), rows, examples)}

    def name_target(self, facts: GraspFacts, scenery: Scenery) -> str:
        return scenery.names[scenery.rows.index(facts.target)]

    def locate(self, facts: GraspFacts, scenery: Scenery) -> Floats:
        return facts.positions[list(scenery.rows)]

    def watch(self, policy: Policy, name: str) -> Policy:
        return policy

    def tell(self, observation: Observation, facts: GraspFacts) -> dict[str, Any]:
        prompt = observation.get("observation.environment_state")
        box = None if prompt is None else tuple(float(value) for value in prompt)
        return {"box": box, "opening_m": float(facts.opening_m)}

    def follow(self, step: Step, now: Snapshot) -> tuple[float, dict[str, Any]]:
        distance_m = float(step.verdict.evidence["distance_m"])
        return distance_m, {"distance_m": distance_m}

    def dream(self, wish: Dream) -> DreamTold:
        raise OptionError("nothing is driven here, so nothing is dreamed of a drive; give --env car-racing")


class Driving:
    """A car on a track: there is nothing to point at."""

    traced = Axis("Speed", "m/s", 1.0, 40.0)

    def __init__(self, dreams: Dreams) -> None:
        self._dreams = dreams

    def make_viewer(self, env: Any) -> Callable[[], Viewer]:
        made: Callable[[], Viewer] = env.picture_viewer_factory()
        return made

    def look_around(self, env: Any, observation: Observation) -> dict[str, Any]:
        return {"scenery": Scenery(), "dream": self._dreams.begin(observation)}

    def name_target(self, facts: DrivingFacts, scenery: Scenery) -> str:
        return "a lap"

    def locate(self, facts: DrivingFacts, scenery: Scenery) -> Floats:
        return np.zeros((0, 3))

    def watch(self, policy: Policy, name: str) -> Policy:
        return self._dreams.around(policy, name)

    def tell(self, observation: Observation, facts: DrivingFacts) -> dict[str, Any]:
        steering, throttle, brake = (float(part) for part in facts.action)
        gauges = {
            "speed_m_s": facts.speed_m_s,
            "tiles": facts.tiles,
            "num_tiles": facts.num_tiles,
            "return": facts.total_reward,
            "on_road": facts.on_road,
            "steering": steering,
            "throttle": throttle,
            "brake": brake,
        }
        return {"gauges": gauges}

    def follow(self, step: Step, now: Snapshot) -> tuple[float, dict[str, Any]]:
        point = self._dreams.trace(step.time_s, step.facts)
        return step.facts.speed_m_s, {
            "dream": self._dreams.look(step.observation),
            "dream_trace": (*now.dream_trace, *point),
        }

    def dream(self, wish: Dream) -> DreamTold:
        if wish.of is not None:
            self._dreams.choose(wish.of)
        self._dreams.adjust(wish.changes)
        return self._dreams.tell()


def find_kind(stage: Stage) -> Kind:
    """Which of them a stage shows."""
    return Picking(stage.by_words) if stage.drive is None else Driving(stage.drive.dreams)
