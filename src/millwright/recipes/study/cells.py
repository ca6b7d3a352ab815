"""The cells of the study: three anchors, and what differs from one of them in one thing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from typing import Any

from millwright.core.errors import UnknownNameError
from millwright.recipes.study.setup import DIFFUSION, MENDED, PLATEAU, REFERENCE, Setup


@dataclass(frozen=True)
class Cell:
    """One training and its evaluation, compared with its anchor's."""

    name: str
    suspect: str
    about: str
    setup: Setup
    anchor: str = ""
    """Name of the cell it is compared with; empty: it is one of the anchors."""
    deciding: bool = False
    """A claim rests on it, so that it is repeated with every training seed."""


ANCHORS = {
    "reference": REFERENCE,
    "plateau": PLATEAU,
    "mended": MENDED,
    "plateau-diffusion": DIFFUSION,
}

Row = tuple[str, str, str, dict[str, Any]]
"""Suspect, name, what differs, the fields that differ; `recording` names those of the recording."""

BREAK: tuple[Row, ...] = (
    ("routing", "token", "the box is a token beside the whole picture", {"routing": "token"}),
    (
        "normalisation",
        "raw-token",
        "the box is such a token, and not normalised",
        {"routing": "token", "whitened": False},
    ),
    ("routing", "overlay", "the box is drawn into the picture", {"routing": "overlay"}),
    ("routing", "mask", "the box is a channel of the picture", {"routing": "mask"}),
    ("routing", "attention", "the box asks the picture (cross-attention)", {"routing": "attention"}),
    ("routing", "gating", "the picture fades away from the box", {"routing": "gating"}),
    ("routing", "untold", "nothing says which brick is meant", {"routing": "none"}),
    ("actions", "base-frame", "poses in the base frame", {"actions": "base-frame", "posture": True}),
    ("actions", "joints", "joint angles", {"actions": "joints", "posture": True}),
    ("actions", "delta", "differences from step to step", {"actions": "delta"}),
    ("label", "state", "where hand and fingers are: action[t] = state[t]", {"label": "state"}),
    ("label", "next-state", "where they are a tick later: action[t] = state[t+1]", {"label": "next-state"}),
    ("label", "state-gripped", "where the hand is, what the fingers are told", {"label": "state-gripped"}),
    ("label", "plan-held", "the plan of the hand, where the fingers are", {"label": "plan-held"}),
    ("clip", "shut-5mm", "the fingers never close further than 5 mm", {"shut_m": 0.005}),
    ("demonstrations", "clean", "nobody pushes the demonstrator", {"recording": {"perturbed": False}}),
    ("demonstrations", "clean-50", "50 clean ones", {"recording": {"perturbed": False}, "episodes": 50}),
    ("demonstrations", "50", "50 of them", {"episodes": 50}),
    ("demonstrations", "1000", "1,000 of them", {"episodes": 1000}),
    ("layout", "hard", "recorded with bricks anywhere", {"recording": {"hard": True}}),
    ("lens", "fisheye", "a fisheye lens of 155 degrees", {"recording": {"fisheye": True}}),
    ("rate", "12hz", "control at 12 Hz", {"recording": {"control_hz": 12}}),
    ("rate", "24hz", "control at 24 Hz", {"recording": {"control_hz": 24}}),
    ("playing", "whole-chunks", "all 16 actions of a chunk are played", {"execute": 16, "blend": 0}),
    ("inputs", "posture", "told its joint angles and where the hand is", {"posture": True}),
    ("normalisation", "shared", "all steps share their statistics", {"per_step": False}),
    ("network", "act", "ACT", {"network": "act"}),
    ("network", "act-unjittered", "ACT, colours do not vary in training", {"network": "act", "jitter": False}),
    ("network", "act-posture", "ACT, told its joint angles and where the hand is", {"network": "act", "posture": True}),
    ("network", "diffusion", "Diffusion", {"network": "diffusion"}),
)
"""Changes to the reference: does breaking one thing break it?"""

MEND_MORE: tuple[Row, ...] = (
    ("routing", "crop", "the picture is cut out around the box", {"routing": "crop", "straight_box": False}),
    ("routing", "overlay", "the box, computed as they did, is drawn into the picture", {"routing": "overlay"}),
    ("routing", "true-overlay", "the right box is drawn", {"routing": "overlay", "straight_box": False}),
    ("routing", "attention", "the box asks the picture (cross-attention)", {"routing": "attention"}),
    ("routing", "gating", "the picture fades away from the box", {"routing": "gating", "straight_box": False}),
    ("routing", "untold", "nothing says which brick is meant", {"routing": "none"}),
    ("routing", "glow", "the target glows", {"recording": {"glow": True}}),
    ("box", "true-box", "the box is where the fisheye picture has it", {"straight_box": False}),
    ("box", "clicked", "the box follows from one click", {"recording": {"tracked": False}}),
    ("actions", "delta", "differences from step to step", {"actions": "delta"}),
    ("actions", "hand-relative", "seen from the hand", {"actions": "hand-relative"}),
    ("actions", "joints", "joint angles", {"actions": "joints"}),
    ("label", "commanded", "what the hand was told, too", {"label": "commanded"}),
    ("clip", "unclipped", "the fingers may close", {"shut_m": 0.0}),
    ("demonstrations", "perturbed", "a pushed demonstrator; the states it is pushed to are the label", {
        "recording": {"perturbed": True},
    }),
    ("demonstrations", "perturbed-plan", "a pushed demonstrator, who says what to do from there", {
        "recording": {"perturbed": True}, "label": "plan", "pauses": False,
    }),
    ("demonstrations", "50", "50 of them", {"episodes": 50}),
    ("demonstrations", "1000", "1,000 of them", {"episodes": 1000}),
    ("demonstrations", "unpaused", "a demonstrator that does not wait", {"pauses": False}),
    ("layout", "hard", "recorded with bricks anywhere", {"recording": {"hard": True}}),
    ("lens", "pinhole", "a pinhole lens of 85 degrees", {"recording": {"fisheye": False}, "straight_box": False}),
    ("rate", "24hz", "control at 24 Hz", {"recording": {"control_hz": 24}}),
    ("playing", "replanning", "2 actions of a chunk are played", {"execute": 2, "blend": 1}),
    ("inputs", "height", "told only how high the hand is", {"posture": False}),
    ("normalisation", "per-step", "every step has its own statistics", {"per_step": True}),
    ("network", "plain", "no latent, no transformer: one head behind the same eye", {"network": "routed-chunk"}),
    ("network", "diffusion", "Diffusion, half of a chunk is played", {"network": "diffusion", "execute": 8}),
)  # fmt: skip
"""Changes to the report's recipe with fingers that close and a box that is normalised: does one more thing mend it?"""

MEND_PLATEAU: tuple[Row, ...] = (
    ("label", "gripped", "where the hand is, what the fingers are told", {"label": "state-gripped"}),
    ("normalisation", "whitened", "the box is normalised", {"whitened": True}),
    ("box", "true-box", "the box is where the fisheye picture has it", {"straight_box": False}),
    ("label", "next-state", "where they are a tick later: action[t] = state[t+1]", {"label": "next-state"}),
    ("label", "commanded", "what hand and fingers were told", {"label": "commanded"}),
    ("routing", "attention", "the box asks the picture (cross-attention)", {"routing": "attention"}),
    ("routing", "crop", "the picture is cut out around the box", {"routing": "crop", "straight_box": False}),
    ("routing", "glow", "the target glows", {"recording": {"glow": True}}),
)
"""Changes to the report's recipe as it was."""

LADDER: tuple[Row, ...] = (
    ("together", "1-replanning", "the box is right and 2 actions of a chunk are played", {
        "straight_box": False, "execute": 2, "blend": 1,
    }),
    ("together", "2-perturbed-plan", "and a pushed demonstrator says what to do from there", {
        "recording": {"perturbed": True}, "label": "plan", "pauses": False,
    }),
    ("together", "3-hand-relative", "and actions are seen from the hand, by the statistics of their step", {
        "actions": "hand-relative", "per_step": True,
    }),
    ("together", "4-pinhole", "and the lens is a pinhole of 85 degrees", {"recording": {"fisheye": False}}),
    ("together", "5-crop", "and the picture is cut out around the box", {"routing": "crop"}),
    ("together", "6-plain", "and one head takes the place of ACT", {"network": "routed-chunk"}),
)  # fmt: skip
"""Mended one after the other, each with all of those before: how the way back looks where no one thing mends it."""

DECIDING = frozenset({
    "reference--token", "reference--raw-token", "reference--state", "reference--state-gripped", "reference--clean",
    "reference--whole-chunks", "reference--act", "mended--5-crop",
})  # fmt: skip


def _make(anchor: str, row: Row, before: Setup | None = None) -> Cell:
    """The cell of a row: what differs from its anchor, or from a setup that differs already."""
    suspect, name, about, fields = row
    setup = before or ANCHORS[anchor]
    recording = replace(setup.recording, **fields.get("recording", {}))
    changed = replace(setup, **{**fields, "recording": recording})
    full = f"{anchor}--{name}"
    return Cell(full, suspect, about, changed, anchor, full in DECIDING)


def _climb() -> Iterator[Cell]:
    """The cells of the ladder."""
    setup = MENDED
    for row in LADDER:
        cell = _make("mended", row, setup)
        setup = cell.setup
        yield cell


CELLS: dict[str, Cell] = {
    cell.name: cell
    for cell in (
        Cell("reference", "anchor", "brick-pick's recipe", REFERENCE, deciding=True),
        Cell("plateau", "anchor", "the report's recipe, ACT", PLATEAU, deciding=True),
        Cell("mended", "together", "the same, fingers as told and a normalised box", MENDED, "plateau", deciding=True),
        Cell("plateau-diffusion", "anchor", "the report's recipe, Diffusion", DIFFUSION, deciding=True),
        *(_make("reference", row) for row in BREAK),
        *(_make("plateau", row) for row in MEND_PLATEAU),
        *_climb(),
        *(_make("mended", row) for row in MEND_MORE),
    )
}
"""Name -> cell, in the order in which they are run."""


def find_cells(only: str) -> tuple[Cell, ...]:
    """The cells that match one of the comma-separated names or patterns (`mended--*`); all where there is none.

    Raises:
        UnknownNameError: a name that no cell matches; lists them.
    """
    patterns = [name.strip() for name in only.split(",") if name.strip()] or ["*"]
    if unknown := [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in CELLS)]:
        raise UnknownNameError(f"no cell {', '.join(unknown)}; cells: {', '.join(CELLS)}")
    return tuple(cell for cell in CELLS.values() if any(fnmatch(cell.name, pattern) for pattern in patterns))
