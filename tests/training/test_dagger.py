"""DAgger demonstrates, then lets each round's policy drive the next; what is done is not done again."""

from __future__ import annotations

from pathlib import Path

import pytest

from millwright.core.errors import OptionError
from millwright.training.dagger import learn, make_rounds


class Notes:
    """A learner that writes down what it is asked for; `stop` breaks one part of one round, once."""

    def __init__(self, stop: tuple[str, int] | None = None) -> None:
        self.stop, self.done, self.asked = stop, {}, []

    def find_policy(self, step):
        return self.done.get(step.number)

    def record(self, step, policy):
        self._note("record", step, policy)

    def train(self, step, policy):
        self._note("train", step, policy)
        self.done[step.number] = Path(f"policy-{step.number}")
        return self.done[step.number]

    def _note(self, what, step, policy):
        if self.stop == (what, step.number):
            self.stop = None
            raise KeyboardInterrupt
        self.asked.append((what, step.number, policy and policy.name))


WHOLE = [
    ("record", 0, None),
    ("train", 0, None),
    ("record", 1, "policy-0"),
    ("train", 1, "policy-0"),
    ("record", 2, "policy-1"),
    ("train", 2, "policy-1"),
]


def test_each_round_is_driven_by_the_policy_of_the_one_before():
    notes = Notes()
    assert learn(make_rounds(0, 4, 2, 3), notes) == Path("policy-2")
    assert notes.asked == WHOLE


@pytest.mark.parametrize("stop", [(what, number) for what in ("record", "train") for number in range(3)])
def test_stopped_anywhere_it_goes_on_with_what_was_under_way(stop):
    notes, rounds = Notes(stop), make_rounds(0, 4, 2, 3)
    with pytest.raises(KeyboardInterrupt):
        learn(rounds, notes)
    assert learn(rounds, notes) == Path("policy-2")
    assert list(dict.fromkeys(notes.asked)) == WHOLE
    again = [row for row in WHOLE if notes.asked.count(row) == 2]
    assert [row[:2] for row in again] == ([("record", stop[1])] if stop[0] == "train" else [])  # finds all recorded


def test_seeds_of_the_rounds_follow_each_other_and_never_meet():
    rounds = make_rounds(600, 100, 3, 50)
    assert [(step.number, step.seeds) for step in rounds] == [
        (0, range(600, 700)), (1, range(700, 750)), (2, range(750, 800)), (3, range(800, 850)),
    ]  # fmt: skip


@pytest.mark.parametrize(("beta", "shares"), [(0.0, [1, 0, 0]), (0.5, [1, 0.5, 0.25]), (1.0, [1, 1, 1])])
def test_the_expert_demonstrates_alone_and_then_drives_less_and_less(beta, shares):
    assert [step.beta for step in make_rounds(0, 1, 2, 1, beta)] == shares


@pytest.mark.parametrize(
    ("arguments", "says"),
    [((0, 0, 1, 1), "at least 1 demonstration"), ((0, 1, 1, 0), "1 episode a round"), ((0, 1, 1, 1, 2.0), "0 to 1")],
)
def test_rounds_of_nothing_and_chances_that_are_none_are_refused(arguments, says):
    with pytest.raises(OptionError, match=says):
        make_rounds(*arguments)
