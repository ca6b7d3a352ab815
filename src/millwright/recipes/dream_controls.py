"""Controls of dream-driving: one thing is taken away, to see what it is good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONTROLS: Mapping[str, Mapping[str, Any]] = {
    "": {},
    "memoryless": {"memoryless": True},
    "untrained": {"untrained": True},
    "cloned": {"memoryless": True},
    "dagger": {"memoryless": True},
    "learned-odometry": {"odometry": False},
    "unmirrored": {},
    "free-throttle": {},
    "unshaped": {},
    "no-grass": {},
    "no-speed": {},
    "no-effort": {},
}
"""What a control changes of the network; the rest is in the recipe."""
TAUGHT = ("cloned", "dagger")
"""Controls that learn what the rule would do, and not in dreams."""
WORTHLESS: Mapping[str, tuple[str, ...]] = {
    "unshaped": ("grass", "speed", "steering", "swerving", "pedals", "disagreement"),
    "no-grass": ("grass",),
    "no-speed": ("speed",),
    "no-effort": ("steering", "swerving", "pedals"),
}
"""What a control takes out of the dream's reward."""
