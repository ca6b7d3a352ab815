"""Policies and players of the reach world that fail now and then, for tests of evaluation."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from millwright.core.episode import Episode
from tests.toys import MakePlay, Seeing


class Flaky(Seeing):
    """Sees, but a fifth of its episodes it dawdles and a fifth it flees; which, its seed decides."""

    name = "flaky"

    def reset(self, seed: int) -> None:
        self.sign = np.random.default_rng(seed).choice([1, 0, -1], p=[0.6, 0.2, 0.2])

    def act(self, observation: Any) -> np.ndarray:
        return super().act(observation) * np.float32(self.sign)


FLAKY = MakePlay(Flaky, max_steps=30)


@dataclass(frozen=True)
class Noted:
    """Plays and notes each seed in a file, so that a test sees what was played, in any process."""

    make_play: MakePlay
    notes: Path
    dies_at: int | None = None

    def __call__(self) -> Callable[[int], Episode]:
        play = self.make_play()

        def noted(seed: int) -> Episode:
            if seed == self.dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            with self.notes.open("a") as file:
                file.write(f"{seed}\n")
            return play(seed)

        return noted

    def played(self) -> list[int]:
        return sorted(map(int, self.notes.read_text().split())) if self.notes.exists() else []
