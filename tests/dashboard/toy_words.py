"""A toy table on which things are asked for in words, and of which a scene shows only some."""

from __future__ import annotations

from typing import Any

from millwright.core.errors import PromptError
from millwright.dashboard.stage import Stage
from tests.dashboard.toy_table import COLORS, NAMES, POLICIES, ToyJudge, ToyTable
from tests.policies.arms import make_arm_observation


class ToyWords(ToyTable):
    """Four of the six bricks are in a scene, from one that the seed tells; the facts know them as `red` and so on.

    What is seen first is what an arm sees that a small vla can drive.
    """

    first = 0

    @property
    def object_rows(self) -> tuple[int, ...]:
        return tuple((self.first + number) % len(NAMES) for number in range(4))

    @property
    def object_names(self) -> tuple[str, ...]:
        return tuple(f"{NAMES[row]} brick" for row in self.object_rows)

    @property
    def object_colors(self) -> tuple[str, ...]:
        return tuple(COLORS[row] for row in self.object_rows)

    def find_meant(self, instruction: str) -> str:
        meant = [name for name in self.object_names if name.split()[0] in instruction]
        if len(meant) != 1:
            raise PromptError(f"{instruction!r} fits nothing here; on the table: {', '.join(self.object_names)}")
        return meant[0]

    def suggest_instructions(self) -> tuple[str, ...]:
        return tuple(f"lift the {name}" for name in self.object_names)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        wishes = dict(options or {})
        self.first = (seed or 0) % len(NAMES)
        said = wishes.pop("instruction", "")
        wishes["target"] = wishes["target"].split()[0] if "target" in wishes else NAMES[self.first]
        observation, info = super().reset(seed=seed, options=wishes)
        del observation["observation.environment_state"]
        seen = make_arm_observation(self.first, said or f"lift the {self.object_names[0]}")
        return {**observation, **seen}, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, *rest = super().step(action)
        return {"task": observation["task"]}, *rest


WORDS = Stage(ToyWords, ToyJudge, POLICIES, "Toy words", by_words=True)
