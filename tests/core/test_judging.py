"""A verdict never says two things at once."""

from __future__ import annotations

import pytest

from millwright.core.judging import Verdict


@pytest.mark.parametrize(("success", "failure"), [(True, "miss"), (False, None)])
def test_a_verdict_has_a_failure_class_exactly_when_it_is_no_success(success, failure):
    with pytest.raises(ValueError, match="exactly when"):
        Verdict(success, failure)


@pytest.mark.parametrize(("success", "failure"), [(True, None), (False, "miss")])
def test_success_and_failure_can_be_said(success, failure):
    assert Verdict(success, failure).success is success
