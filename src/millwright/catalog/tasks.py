"""TASKS: for each environment a row."""

from __future__ import annotations

from millwright.catalog.bricks import BRICKS
from millwright.catalog.driving import DRIVING
from millwright.catalog.lifting import LIFTING
from millwright.catalog.task import Task

TASKS: dict[str, Task] = {**BRICKS, **LIFTING, **DRIVING}
