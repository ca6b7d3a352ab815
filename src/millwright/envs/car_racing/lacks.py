"""Lacks: what recordings of driving never show, in words, for whoever asks what a policy knows nothing of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ALWAYS = (
    "No real robot, camera or light: everything is simulated, by gymnasium's CarRacing.",
    "One car, one kind of road, one colour of grass; nobody else drives, and nothing stands in the way.",
    "Nothing but the view from above, from one height, and the instruments of the bar.",
)


def describe_lacks(recorded: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What none of the recordings shows, a sentence each.

    Args:
        recorded: options of the environment of each kind of recording.
    """
    askew = any(options.get("start") == "random" for options in recorded)
    return ALWAYS if askew else (*ALWAYS, "Every drive begins in the middle of the road, along it and at rest.")
