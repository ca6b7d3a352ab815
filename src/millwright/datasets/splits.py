"""Splits as info.json has them: a name and a half-open range of episodes, `0:80`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def parse_splits(splits: Mapping[str, Any]) -> dict[str, range]:
    """Name -> episodes; those that are no range are left out."""
    found = {}
    for name, text in splits.items():
        match = re.fullmatch(r"(\d+):(\d+)", str(text))
        if match:
            found[name] = range(int(match[1]), int(match[2]))
    return found
