"""validate finds every planted fault by its own code, where it is, and nothing where nothing is wrong."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from millwright.datasets import record, validate
from millwright.datasets.checks.reference import Reference
from millwright.datasets.findings import FAULTS as CODES
from tests import toys
from tests.datasets import clean
from tests.datasets.editing import edit_info
from tests.datasets.faults import FAULTS
from tests.datasets.players import FPS, HighestObject

SPLITS = {"train": "0:4", "test": "4:5"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = record(
        clean.MakePlay(), range(5), tmp_path_factory.mktemp("sound") / "data", fps=FPS, features=clean.FEATURES
    )
    edit_info(root, lambda info: info.update(splits=SPLITS))
    return root


def find_reference(provenance: Mapping[str, Any]) -> Reference:
    assert provenance["env"] == "made-up"
    return Reference(HighestObject(), action_low=np.full(3, -2.0), action_high=np.full(3, 2.0))


def test_nothing_is_wrong_with_the_sound_dataset(sound: Path) -> None:
    assert validate(sound, find_reference) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_by_its_code_where_it_is(sound: Path, tmp_path: Path, name: str) -> None:
    root = Path(shutil.copytree(sound, tmp_path / "data"))
    fault = FAULTS[name]
    fault.plant(root)
    findings = validate(root, find_reference)
    assert fault.code in {finding.code for finding in findings}
    assert {finding.code for finding in findings} <= {fault.code} | fault.also, [str(finding) for finding in findings]
    first = next(finding for finding in findings if finding.code == fault.code)
    for key in ("episode", "frame", "file"):
        if getattr(fault, key) is not None:
            assert getattr(first, key) == getattr(fault, key), str(first)
    assert str(root) in first.make_mend(root) or "{" not in first.make_mend(root)


def test_every_code_is_planted() -> None:
    assert {fault.code for fault in FAULTS.values()} == set(CODES)


@pytest.mark.parametrize("policy", [toys.Scripted, toys.Seeing])
def test_sets_of_the_toy_world_are_clean(tmp_path: Path, policy: Any) -> None:
    root = record(toys.MakePlay(policy, max_steps=40), range(6), tmp_path, fps=toys.HZ)
    low, high = np.full(2, -1.0), np.full(2, 1.0)
    assert validate(root, lambda _: Reference(toys.ReachJudge(), action_low=low, action_high=high)) == []
