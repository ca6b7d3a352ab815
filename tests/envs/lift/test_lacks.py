"""What recordings of lifting never show: told from their options, and no option is forgotten."""

from __future__ import annotations

from dataclasses import fields

from millwright.envs.lift.lacks import OF_SEVERAL, ONE, OTHER, SEVERAL, WORLD, describe_lacks
from millwright.envs.lift.options import LiftChoiceOptions, LiftOptions


def test_every_option_either_is_part_of_the_world_or_is_said_not_to_be() -> None:
    every, of_one = ({field.name for field in fields(kind)} for kind in (LiftChoiceOptions, LiftOptions))
    assert set(WORLD) | OTHER == every
    assert every - of_one == OF_SEVERAL


def test_one_cube_teaches_no_words_and_says_so() -> None:
    assert set(ONE) <= set(describe_lacks([{}], several=False))
    assert "words cannot be learned" in " ".join(describe_lacks([{}], several=False))
    assert not set(ONE) & set(describe_lacks([{}], several=True))


def test_what_one_recording_shows_is_no_lack() -> None:
    plain = describe_lacks([{}, {"words": "train"}], several=True)
    assert set(SEVERAL) <= set(plain)
    for option, (value, lack) in WORLD.items():
        assert set(plain) - set(describe_lacks([{}, {option: value}], several=True)) == {lack}
