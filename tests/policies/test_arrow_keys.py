"""Arrow keys: each key comes and goes gently, none is held by somebody who has gone, and wheels never block."""

from __future__ import annotations

import numpy as np
import pytest

from millwright.core.errors import OptionError
from millwright.policies import arrow_keys
from millwright.policies.arrow_keys import MOST_BRAKE, ArrowKeys, HeldKeys

HZ = 12.5


def drive(policy: ArrowKeys, keys: HeldKeys, *held: str, ticks: int = 1) -> np.ndarray:
    """The last action of some ticks with these keys held."""
    keys.hold(held)
    actions = [policy.act({}) for _ in range(ticks)]
    assert all(action.dtype == np.float32 for action in actions)
    return actions[-1]


@pytest.fixture
def keys() -> HeldKeys:
    return HeldKeys()


@pytest.fixture
def policy(keys: HeldKeys) -> ArrowKeys:
    return ArrowKeys(HZ, keys)


def test_without_keys_a_car_rolls(policy: ArrowKeys, keys: HeldKeys) -> None:
    assert drive(policy, keys).tolist() == [0, 0, 0]


def test_steering_takes_more_than_half_a_second_to_come_and_less_to_go(policy: ArrowKeys, keys: HeldKeys) -> None:
    assert 0 < drive(policy, keys, "right")[0] < 0.2
    assert drive(policy, keys, "right", ticks=8)[0] == 1
    assert 0 < drive(policy, keys)[0] < 0.7
    assert drive(policy, keys, ticks=2)[0] == 0


def test_who_turns_the_other_way_is_straight_at_once_and_left_is_negative(policy: ArrowKeys, keys: HeldKeys) -> None:
    drive(policy, keys, "right", ticks=8)
    assert -0.2 < drive(policy, keys, "left")[0] < 0
    assert drive(policy, keys, "left", "right", ticks=9)[0] == 0


def test_pedals_reach_full_throttle_and_a_brake_that_blocks_no_wheel(policy: ArrowKeys, keys: HeldKeys) -> None:
    assert drive(policy, keys, "up", ticks=6)[1] == 1
    steering, throttle, brake = drive(policy, keys, "down", ticks=6)
    assert (steering, throttle, brake) == (0, 0, pytest.approx(MOST_BRAKE))


def test_a_new_drive_begins_with_no_key_pressed_before(policy: ArrowKeys, keys: HeldKeys) -> None:
    drive(policy, keys, "up", "right", ticks=6)
    policy.reset(1)
    assert drive(policy, keys).tolist() == [0, 0, 0]


def test_keys_of_which_nothing_is_heard_are_let_go(policy: ArrowKeys, keys: HeldKeys, monkeypatch) -> None:
    drive(policy, keys, "up", ticks=6)
    monkeypatch.setattr(arrow_keys, "FORGOTTEN_S", 0.0)
    policy.act({})
    assert policy.act({}).tolist() == [0, 0, 0]


def test_a_key_to_drive_with_is_one_of_four(keys: HeldKeys) -> None:
    with pytest.raises(OptionError, match="left, right, up, down; got space"):
        keys.hold(["up", "space"])
