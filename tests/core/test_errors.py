"""Errors list what would have worked."""

from __future__ import annotations

import inspect

import pytest

from millwright.core import errors
from millwright.core.errors import MillwrightError, MissingExtraError, UnknownNameError, choose, import_extra


def test_a_known_name_is_chosen():
    assert choose("policy", "act", {"act": 1, "flow": 2}) == 1


def test_an_unknown_name_lists_the_table_and_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match=r"unknown policy 'flw'; did you mean 'flow'\? \(policies: act, flow\)"):
        choose("policy", "flw", {"act": 1, "flow": 2})


def test_nothing_is_suggested_when_nothing_is_near():
    with pytest.raises(UnknownNameError, match=r"unknown brick 'zzz' \(bricks: red\)$"):
        choose("brick", "zzz", {"red": 1})


def test_a_missing_extra_gives_the_command_that_installs_it():
    with pytest.raises(MissingExtraError, match=r"pip install 'millwright\[fleet\]'"):
        import_extra("no_such_module_anywhere", "fleet")


def test_an_extra_that_is_there_is_imported():
    assert import_extra("json", "any").loads("1") == 1


def test_every_error_is_a_millwright_error_and_stands_in_the_tree():
    tree = inspect.getdoc(errors)
    classes = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, Exception)]
    assert all(issubclass(error, MillwrightError) and error.__name__ in tree for error in classes)
