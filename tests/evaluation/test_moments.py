"""Key moments of an episode, on episodes whose story is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from millwright.core.episode import Episode
from millwright.core.judging import Verdict
from millwright.evaluation.films import FRAME, GAP, write_strip
from millwright.evaluation.moments import find_moments
from tests.toys import Constant, MakePlay


@pytest.fixture(scope="module")
def plain() -> Episode:
    return MakePlay(Constant, (0.0, 0.0), max_steps=10)()(0)


def tell(plain: Episode, story: Sequence[tuple[str, dict[str, Any]]], touched: Sequence[int] = ()) -> Episode:
    """An episode with these opinions (class and evidence) at its steps, and with these steps touching something."""
    steps = []
    for index, (failure, evidence) in enumerate(story):
        step = plain.steps[index]
        contacts = np.full((1, 2), index in touched)
        facts = replace(step.facts, pad_contacts=contacts)
        steps.append(replace(step, facts=facts, verdict=Verdict(False, failure, evidence)))
    return replace(plain, steps=tuple(steps), verdict=steps[-1].verdict)


def moments(episode: Episode) -> list[tuple[str, int]]:
    return [(moment.label, moment.index) for moment in find_moments(episode)]


def test_a_collision_is_decided_when_it_is_noted_even_if_the_episode_goes_on(plain: Episode) -> None:
    noted = {"collision": "contact force 84 N"}
    story = [("timeout", {"collision": None})] * 2 + [("miss", {"collision": None})] * 3 + [("collision", noted)] * 3
    assert moments(tell(plain, story, touched=(4, 5))) == [
        ("start", 0), ("before the first touch", 3), ("what decided it", 5), ("end", 7),
    ]  # fmt: skip


def test_what_ends_the_episode_decided_it(plain: Episode) -> None:
    assert moments(tell(plain, [("timeout", {})] * 3 + [("out", {})])) == [
        ("start", 0), ("what decided it and end", 3),
    ]  # fmt: skip


def test_a_slip_is_decided_when_the_target_is_lost(plain: Episode) -> None:
    held, lost = ("slip", {"carried": True, "distance_m": 0.0}), ("slip", {"carried": False, "distance_m": 0.1})
    story = [("miss", {"carried": False, "distance_m": 0.2}), held, lost, held, held, lost, lost]
    assert ("the target is lost", 5) in moments(tell(plain, story, touched=(1,)))


def test_a_miss_is_shown_where_the_hand_was_nearest(plain: Episode) -> None:
    distances = [0.4, 0.3, 0.2, 0.1, 0.2, 0.3]
    story = [("timeout" if index < 2 else "miss", {"distance_m": d}) for index, d in enumerate(distances)]
    assert moments(tell(plain, story)) == [("start", 0), ("nearest to the target", 3), ("end", 5)]


def test_an_episode_of_which_nothing_is_known_has_a_start_and_an_end(plain: Episode) -> None:
    blind = tell(plain, [("timeout", {})] * 4)
    blind = replace(blind, steps=tuple(replace(step, facts=None) for step in blind.steps))
    assert moments(blind) == [("start", 0), ("end", 3)]
    assert moments(replace(blind, steps=blind.steps[:1]))[0][1] == 0


def test_a_strip_shows_one_picture_a_moment(plain: Episode, tmp_path: Path) -> None:
    write_strip(plain, [0, 4, 9], tmp_path / "strip.jpg")
    with Image.open(tmp_path / "strip.jpg") as strip:
        assert strip.size == (3 * FRAME + 2 * GAP, FRAME)
    assert [path.name for path in tmp_path.iterdir()] == ["strip.jpg"]
