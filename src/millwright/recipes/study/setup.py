"""Setup: everything that decides a cell of the study, and the three that the others are compared with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

RECORDED_SECONDS, SECONDS = 8.0, 10.0
"""Simulated time until a demonstration, and an episode that a cell plays, is over, whatever the control rate."""


@dataclass(frozen=True)
class Recording:
    """What decides a recorded dataset, besides its scenes."""

    perturbed: bool = True
    """The expert's hand is pushed about, and the expert says what it would do from there."""
    hard: bool = False
    glow: bool = False
    fisheye: bool = False
    tracked: bool = False
    """The prompt is the true box at every tick; else it follows from a click, another one at every tick."""
    control_hz: int = 15

    @property
    def name(self) -> str:
        """Of the folder."""
        kinds = [kind for kind in ("hard", "glow", "fisheye", "tracked") if getattr(self, kind)]
        rate = [f"{self.control_hz}hz"] if self.control_hz != Recording.control_hz else []
        return "-".join(["perturbed" if self.perturbed else "clean", *kinds, *rate])

    @property
    def env_options(self) -> dict[str, Any]:
        """Of the table it is recorded on."""
        pointing = {"tracked": True} if self.tracked else {"restless": True}
        return {**self._look, "max_steps": round(RECORDED_SECONDS * self.control_hz), "hard": self.hard, **pointing}

    @property
    def played_options(self) -> dict[str, Any]:
        """Of the table on which what was learned from it is played: every cell on the same scenes of the grid."""
        pointing = {"tracked": True} if self.tracked else {}
        return {**self._look, "max_steps": round(SECONDS * self.control_hz), **pointing}

    @property
    def _look(self) -> dict[str, Any]:
        chosen = {"glow": self.glow, "fisheye": self.fisheye}
        return {"control_hz": self.control_hz, **{name: True for name, value in chosen.items() if value}}


@dataclass(frozen=True)
class Setup:
    """One way to learn the task; the defaults are the reference's, which are brick-pick's."""

    network: str = "routed-chunk"
    routing: str = "crop"
    """How the prompt reaches the network: a row of `nets.routing.ROUTINGS`."""
    actions: str = "hand-relative"
    """What the network predicts: a row of `training.ACTIONS`."""
    label: str = "plan"
    """What it learns to do: a row of `labels.LABELS`."""
    shut_m: float = 0.0
    """Labels of the opening never go below this."""
    recording: Recording = Recording()
    episodes: int = 400
    pauses: bool = False
    """The demonstrator waits before it descends, closes and lifts, as one does that is driven by a clock."""
    straight_box: bool = False
    """The prompt's box is computed as if the fisheye lens were a pinhole."""
    whitened: bool = True
    """A box that comes as numbers is normalised as other numbers are; else it comes as it is, from 0 to 1."""
    posture: bool = False
    """The network is told the joint angles and where the hand is; else only how high it is."""
    per_step: bool = True
    """Targets are normalised by the statistics of their step in the chunk; else by those of all steps."""
    jitter: bool = True
    """Colours vary in training."""
    execute: int = 2
    """Actions played of each chunk of 16."""
    blend: int = 1


REFERENCE = Setup()
"""brick-pick, with the head that all routings share."""
PLATEAU = Setup(
    network="act",
    routing="token",
    actions="base-frame",
    label="state",
    shut_m=0.005,
    recording=Recording(perturbed=False, fisheye=True, tracked=True),
    episodes=300,
    pauses=True,
    straight_box=True,
    whitened=False,
    posture=True,
    per_step=False,
    jitter=False,
    execute=16,
    blend=0,
)
"""The report's recipe, vanilla ACT: a chunk is played to its end before the next."""
DIFFUSION = replace(PLATEAU, network="diffusion", execute=8)
"""The report's other recipe, vanilla Diffusion: half of a chunk is played."""
MENDED = replace(PLATEAU, label="state-gripped", whitened=True)
"""The report's recipe, ACT, but for two things: fingers learn what they were told, and the box is normalised."""
