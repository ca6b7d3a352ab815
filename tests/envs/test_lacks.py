"""What recordings never show: told from their options, and no option is forgotten."""

from __future__ import annotations

from dataclasses import fields

from millwright.envs.brick_table.lacks import ALWAYS, OTHER, WORLD, describe_lacks
from millwright.envs.brick_table.options import BrickTableOptions
from millwright.envs.brick_table.variation import RANDOMISED, VARIATIONS


def test_every_option_either_is_part_of_the_world_or_is_said_not_to_be() -> None:
    assert set(WORLD) | OTHER == {field.name for field in fields(BrickTableOptions)}
    assert not set(WORLD) & OTHER
    assert set(VARIATIONS) - {"glow"} <= set(WORLD)


def test_plain_recordings_lack_everything_and_each_option_takes_its_own_away() -> None:
    plain = describe_lacks([{}])
    assert plain == (*ALWAYS, *WORLD.values())
    for option, lack in WORLD.items():
        assert set(plain) - set(describe_lacks([{}, {option: True}])) == {lack}


def test_random_looks_are_no_lack_and_options_that_are_off_are() -> None:
    lacks = describe_lacks([{"randomise": True, "bump": False, "click_noise": 0.0}])
    assert not {WORLD[name] for name in RANDOMISED} & set(lacks)
    assert {WORLD["bump"], WORLD["click_noise"]} <= set(lacks)


def test_tray_that_is_always_in_one_place_is_told_where_there_is_one() -> None:
    assert [lack for lack in describe_lacks([{"tray": True}]) if "tray" in lack]
    assert not [lack for lack in describe_lacks([{}]) if "tray" in lack]
