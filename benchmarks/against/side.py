"""Where .lerobot/ is, and how something is run in it: LeRobot and millwright side by side in one environment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
LEROBOT = ROOT / ".lerobot"
MISSING = "LeRobot's environment is not there: make lerobot"


def has_lerobot() -> bool:
    """It was built."""
    return (LEROBOT / ".stamp").exists()


def run_in_lerobot(module: str, words: Sequence[object], home: Path) -> str:
    """What a module prints that is run there with arguments.

    Args:
        home: folder for LeRobot's own files.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    command, settings = make_command(module, words, home)
    done = subprocess.run(command, check=True, cwd=ROOT, env=settings, stdout=-1, text=True)
    return done.stdout


def make_command(module: str, words: Sequence[object], home: Path) -> tuple[list[str], dict[str, str]]:
    """The command that runs a module there, and the environment variables that it needs."""
    settings = {
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "src"))),
        "LD_LIBRARY_PATH": str(LEROBOT / "lib/python3.12/site-packages/av.libs"),  # FFmpeg, for torchcodec
        "HF_HOME": str(home), "HF_LEROBOT_HOME": str(home), "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "SVT_LOG": "1",  # what they say is not what is measured
    }  # fmt: skip
    return [str(LEROBOT / "bin/python"), "-m", module, *map(str, words)], {**os.environ, **settings}


def measure_in_lerobot(module: str, words: Sequence[object], home: Path) -> dict[str, Any]:
    """The JSON object that it prints on its last line."""
    measured: dict[str, Any] = json.loads(run_in_lerobot(module, words, home).splitlines()[-1])
    return measured
