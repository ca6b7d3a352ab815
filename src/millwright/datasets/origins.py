"""Origins: who drove in which world, counted over the episodes of a dataset."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

from millwright.datasets.metadata import EpisodeRow

UNTOLD = "an unnamed recorder"


def count_origins(rows: Iterable[EpisodeRow]) -> list[dict[str, Any]]:
    """Of each kind of episodes `policy`, `env_options` and `episodes`, in the order in which they come.

    Episodes of other tools, which do not say who drove, are of `UNTOLD`.
    """
    kinds = Counter(_describe(row) for row in rows)
    return [{**json.loads(kind), "episodes": count} for kind, count in kinds.items()]


def _describe(row: EpisodeRow) -> str:
    about = row.provenance
    options = {name: value for name, value in about.get("env_options", {}).items() if value not in (False, None)}
    return json.dumps({"policy": about.get("policy", UNTOLD), "env_options": options}, sort_keys=True)
