"""The page about the gaming battery names every cheat and every start, and knows what fools the counter-example."""

from __future__ import annotations

import re

import pytest
from tests.docs.pages import ROOT

from millwright.catalog import TASKS

TEXT = (ROOT / "docs" / "gaming-battery.md").read_text()


@pytest.mark.parametrize("name", [name for task in TASKS.values() for name in (*task.gamers, *task.starts)])
def test_every_cheat_and_every_start_has_its_line(name: str) -> None:
    assert re.search(rf"^\| `{name}` \|", TEXT, re.M)


def test_every_field_of_the_battery_that_is_named_exists() -> None:
    (table,) = re.findall(r"\| field of `Task` \|.*?\n\n", TEXT, re.S)
    for name in re.findall(r"^\| `(\w+)` \|", table, re.M):
        assert all(hasattr(task, name) for task in TASKS.values())
