"""HeightAlone: a counter-example. It asks how high the object is and nothing else, and everything fools it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from millwright.core.facts import GraspFacts
from millwright.core.judging import Judge, Verdict


class HeightAlone(Judge):
    """Success when the target is somewhere high, whoever or whatever brought it there.

    Never judge a policy by it. It is kept to be fooled: the technical report "Vision-Language-Action Model for Robotic
    Manipulation" (the Lift VLA) counted `cube.height > 0.08` as success and so found 100% for a policy that never
    closed its fingers; the true rate was 0%. It measured from the floor of robosuite's room, 80 cm below the table's
    top, so that it held from the first step on.

    Args:
        height_m: where the target's centre has to be once,
        floor_m: above this, and not above the table (m from its top).
    """

    failures: ClassVar[tuple[str, ...]] = ("timeout",)

    def __init__(self, height_m: float = 0.08, floor_m: float = 0.0) -> None:
        self.height_m, self.floor_m = height_m, floor_m
        self.reset()

    def reset(self) -> None:
        self._best_m = float("-inf")

    def see(self, facts: GraspFacts) -> None:
        self._best_m = max(self._best_m, float(facts.positions[facts.target, 2]) - self.floor_m)

    @property
    def decided(self) -> bool:
        return self._best_m > self.height_m

    def verdict(self) -> Verdict:
        return Verdict(self.decided, None if self.decided else "timeout", self._describe())

    def metrics(self) -> Mapping[str, float]:
        """The greatest height (m) so far."""
        return self._describe()

    def _describe(self) -> dict[str, Any]:
        return {"best_height_m": self._best_m}
