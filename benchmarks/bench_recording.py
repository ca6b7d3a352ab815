"""Episodes a minute recorded from the brick table with files, two processes, one 128x128 camera. Prints JSON."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from millwright.catalog import Player, make_env
from millwright.datasets.dataset import Dataset
from millwright.datasets.recorder import record

EPISODES, WORKERS = 150, 2
PLAYERS = {
    "expert": Player("brick-table", policy="expert", labelled=True),
    "perturbed": Player("brick-table", {"restless": True}, "expert-perturbed", labelled=True, linger=8),
}


def time_recording(player: Player, folder: Path) -> dict[str, float]:
    """From an empty folder to a finished dataset, start of the processes included."""
    started = time.perf_counter()
    record(player, range(EPISODES), folder, fps=make_env("brick-table").metadata["control_hz"], workers=WORKERS)
    seconds = time.perf_counter() - started
    return {"episodes_per_min": 60 * EPISODES / seconds, "frames_per_s": len(Dataset(folder)) / seconds}


def main() -> None:
    """Record with the expert alone, and as brick-pick does: disturbed, with labels and a few steps more."""
    measured: dict[str, float] = {"episodes": EPISODES, "workers": WORKERS}
    with tempfile.TemporaryDirectory() as folder:
        for name, player in PLAYERS.items():
            rates = time_recording(player, Path(folder) / name)
            measured |= {f"{name}_{key}": round(value, 1) for key, value in rates.items()}
    print("\n" + json.dumps(measured, indent=2))


if __name__ == "__main__":
    main()
