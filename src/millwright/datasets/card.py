"""The dataset card: what a repository's page says of a dataset, made of its metadata."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from millwright.datasets.folder import Folder
from millwright.datasets.lineage import LINEAGE
from millwright.datasets.schema import STANDARD

_TASKS = 20
"""Instructions that the card lists."""
MADE = "<!-- made by millwright dataset push, which makes it anew; take this line away to keep what you write -->"
"""In the cards that are made here."""
_CODE = """```python
from lerobot.datasets.lerobot_dataset import LeRobotDataset

dataset = LeRobotDataset("{repository}")
```"""
_FEATURES = "## Features\n\n| feature | type | shape | unit | frame |\n| --- | --- | --- | --- | --- |\n"


def make_card(folder: Folder, repository: str, license: str = "") -> str:
    """Markdown with the front matter that Hugging Face reads."""
    front = [
        *([f"license: {license}"] if license else []),
        "task_categories:\n- robotics",
        "tags:\n- LeRobot\n- millwright",
        "configs:\n- config_name: default\n  data_files: data/*/*.parquet",
    ]
    frames = sum(entry.length for entry in folder.entries)
    robot = f", robot `{folder.info['robot_type']}`" if folder.info.get("robot_type") else ""
    shown = {name: row for name, row in folder.features.items() if name not in STANDARD}
    body = [
        MADE,
        f"# {repository.partition('/')[2]}",
        f"{len(folder.entries)} episodes, {frames} frames at {folder.fps} Hz{robot}, in the LeRobot v3.0 layout.",
        _tell_verdicts(folder),
        _CODE.format(repository=repository),
        _FEATURES + "\n".join(_tell_feature(name, row) for name, row in shown.items()),
        "## Instructions\n\n" + "\n".join(_tell_tasks(folder)),
        _tell_lineage(folder),
    ]
    return "---\n" + "\n".join(front) + "\n---\n\n" + "\n\n".join(part for part in body if part) + "\n"


def _tell_verdicts(folder: Folder) -> str:
    known = [entry.known for entry in folder.entries if entry.known.get("success") is not None]
    counts = Counter("success" if row["success"] else str(row["failure"]) for row in known)
    return "Verdicts: " + ", ".join(f"{name} {count}" for name, count in counts.most_common()) + "." if counts else ""


def _tell_feature(name: str, row: Any) -> str:
    info = row.get("info") or {}
    shape = " x ".join(map(str, info.get("shape", row["shape"])))
    return f"| `{name}` | {row['dtype']} | {shape} | {info.get('unit', '')} | {info.get('frame', '')} |"


def _tell_tasks(folder: Folder) -> list[str]:
    counts = Counter(text for entry in folder.entries for text in entry.tasks)
    rest = [f"- and {len(counts) - _TASKS} more"] if len(counts) > _TASKS else []
    return [f"- {json.dumps(text)}: {count} episodes" for text, count in counts.most_common(_TASKS)] + rest


def _tell_lineage(folder: Folder) -> str:
    lineage = folder.info.get(LINEAGE)
    if not lineage:
        return ""
    sources = [f"- `{row['name']}`, episodes {row['episodes']}, sha256 {row['digest']}" for row in lineage["sources"]]
    return "\n".join([f"## Where it comes from\n\n{lineage['operation']} of:\n", *sources])
