"""brick-clutter demonstrates in piles and is shown in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from millwright.recipes import BrickClutter, brick_pick


def test_it_demonstrates_in_piles_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = []
    monkeypatch.setattr(brick_pick, "record_scenes", lambda player, scenes, *_: recorded.append((player, scenes)))
    BrickClutter(episodes=3).record(tmp_path)
    ((player, scenes),) = recorded
    assert player.env_options["clutter"]
    assert not player.env_options["hard"]
    assert scenes == range(3)
    assert BrickClutter.evaluated == {"clutter": True}
