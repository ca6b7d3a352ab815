"""Triton's repository: what a model may be called."""

from __future__ import annotations

from pathlib import Path

import pytest

from millwright.core.errors import OptionError
from millwright.serving.triton import write_repository


@pytest.mark.parametrize("name", ['we"ird', "näh", "a b", "-\n"])
def test_a_folder_whose_name_no_model_can_have_is_refused_before_it_is_read(tmp_path: Path, name: str) -> None:
    with pytest.raises(OptionError, match=r"is no name for a model.*letters, digits, dots, dashes"):
        write_repository(tmp_path / name, tmp_path / "models")
