"""OverTrayAlone: a counter-example. It asks where the object is and nothing else, as a light barrier would."""

from __future__ import annotations

from typing import Any, ClassVar

from millwright.core.facts import PlaceFacts
from millwright.core.judging import Judge, Verdict
from millwright.judges.place import is_over_tray


class OverTrayAlone(Judge):
    """Success when the target is somewhere above the tray once, held or not, whoever brought it there.

    Never judge a policy by it. It is kept to be fooled.
    """

    failures: ClassVar[tuple[str, ...]] = ("timeout",)

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._seen: dict[str, Any] = {"over_tray": False}

    def see(self, facts: PlaceFacts) -> None:
        self._seen = {"over_tray": self.decided or is_over_tray(facts)}

    @property
    def decided(self) -> bool:
        return bool(self._seen["over_tray"])

    def verdict(self) -> Verdict:
        return Verdict(self.decided, None if self.decided else "timeout", self._seen)
