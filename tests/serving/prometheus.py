"""Prometheus, where it is: on the PATH, or where scripts/bootstrap.sh puts it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv" / "prometheus" / "usr" / "bin"


def find_program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), str(FOLDER))))


PROMTOOL, PROMETHEUS = find_program("promtool"), find_program("prometheus")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool, of Debian's package prometheus, is not there")
needs_prometheus = pytest.mark.skipif(PROMETHEUS is None, reason="prometheus, Debian's package, is not there")
