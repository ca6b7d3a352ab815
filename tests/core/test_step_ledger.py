"""Every real step is counted once, whatever dies, and none is taken beyond the cap."""

from __future__ import annotations

import pytest

from millwright.core.errors import BudgetError, UnknownNameError
from millwright.core.step_ledger import StepLedger, open_ledger


def test_training_and_selection_share_the_cap_and_evaluation_does_not(tmp_path):
    ledger = open_ledger(tmp_path / "steps", 10)
    ledger.charge("training", 6)
    ledger.charge("selection", 3)
    ledger.charge("evaluation", 500)
    assert ledger.left == 1
    with pytest.raises(BudgetError, match="2 more for selection would be beyond the cap of 10 real steps: 9 are taken"):
        ledger.charge("selection", 2)
    ledger.charge("training")
    assert ledger.left == 0
    assert ledger.count() == {"training": 7, "selection": 3, "evaluation": 500}


def test_several_hands_count_into_one_file(tmp_path):
    one, other = open_ledger(tmp_path / "steps", 10), StepLedger(tmp_path / "steps")
    for ledger in (one, other, other, one):
        ledger.charge("training", 2)
    assert one.count() == other.count() == {"training": 8, "selection": 0, "evaluation": 0}
    one.charge("training", 2)
    with pytest.raises(BudgetError):
        other.charge("training")


def test_opening_again_goes_on_and_another_cap_is_refused(tmp_path):
    open_ledger(tmp_path / "steps", 10).charge("training", 4)
    assert open_ledger(tmp_path / "steps", 10).left == 6
    with pytest.raises(BudgetError, match="a cap of 10 steps, not 20"):
        open_ledger(tmp_path / "steps", 20)
    assert [path.name for path in tmp_path.iterdir()] == ["steps"]


def test_a_line_that_a_dying_process_left_torn_harms_no_other(tmp_path):
    path = tmp_path / "steps"
    open_ledger(path, 10).charge("training", 4)
    with path.open("ab") as file:
        file.write(b"trai")
    ledger, before = StepLedger(path), path.read_bytes()
    assert ledger.left == 6
    ledger.charge("selection", 1)
    assert path.read_bytes().startswith(before)
    assert StepLedger(path).count() == {"training": 4, "selection": 1, "evaluation": 0}


@pytest.mark.parametrize("content", [None, "", "once upon a time\n", "steps, many of training and selection at most\n"])
def test_what_is_no_ledger_is_refused(tmp_path, content):
    path = tmp_path / "steps"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BudgetError, match="no ledger"):
        StepLedger(path)


def test_a_purpose_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="training, selection, evaluation"):
        open_ledger(tmp_path / "steps", 10).charge("fun")
