"""What a training says about itself: JSON lines, TensorBoard and a progress bar."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from torch.utils.tensorboard import SummaryWriter

from millwright.training.losses import LOSSES, read_lines


class Journal:
    """Writes one row of numbers at a time.

    Args:
        out: an existing folder; gets `losses.jsonl` and `tensorboard/`.
        step: rows beyond this step, left by a run that died after its last checkpoint, are dropped.
        progress: draw a bar, if there is a terminal to draw it on.
    """

    def __init__(self, out: Path, step: int, num_samples: int, position: int, progress: bool) -> None:
        self._file = out / LOSSES
        kept = [line for line in read_lines(self._file) if json.loads(line)["step"] <= step]
        self._file.write_text("".join(kept))
        self._board = SummaryWriter(str(out / "tensorboard"), purge_step=step + 1)
        console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not (progress and console.is_terminal),
        )
        self._task = self._bar.add_task("", total=num_samples, completed=position)

    @contextmanager
    def opened(self) -> Iterator[Journal]:
        """Draw the bar meanwhile, and close everything afterwards."""
        try:
            with self._bar:
                yield self
        finally:
            self._board.close()

    def advance(self, position: int) -> None:
        self._bar.update(self._task, completed=position)

    def write(self, row: Mapping[str, Any]) -> None:
        """Append a row; it holds `step`, `samples`, `loss`, `samples_per_s` and whatever else was measured."""
        with self._file.open("a") as file:
            file.write(json.dumps(row, allow_nan=False) + "\n")
        for name, value in row.items():
            if name not in ("step", "samples"):
                self._board.add_scalar(name, value, row["step"])
        self._bar.update(self._task, description=f"loss {row['loss']:.4f}  {row['samples_per_s']:,.0f}/s")
