"""Scenes are kept one by one, and only those that are whole and were played for the same claim are taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from millwright.recipes.scenes import play_scenes


@dataclass(frozen=True)
class Noting:
    """Tells the seed, and notes in a file that it was played."""

    file: Path

    def __call__(self) -> Callable[[int], list[int]]:
        def play(seed: int) -> list[int]:
            with self.file.open("a") as notes:
                notes.write(f"{seed}\n")
            return [seed, seed]

        return play


@pytest.mark.parametrize("broken", ["", "[1]", '{"claim": "a"}', '{"claim": "a", "outcomes": null}', '{"claim": "b"}'])
def test_what_is_not_whole_is_played_again_and_the_rest_is_not(broken: str, tmp_path: Path) -> None:
    play, folder = Noting(tmp_path / "notes"), tmp_path / "out" / "scenes"
    claims = {7: "a", 8: "a"}
    assert play_scenes(play, claims, folder, 1) == {7: [7, 7], 8: [8, 8]}
    (folder / "8.json").write_text(broken)
    assert play_scenes(play, claims, folder, 1) == {7: [7, 7], 8: [8, 8]}
    assert (tmp_path / "notes").read_text().split() == ["7", "8", "8"]
    assert json.loads((folder / "8.json").read_text()) == {"claim": "a", "outcomes": [8, 8]}
