"""Picks into the tray, recorded: the dataset is sound, its verdicts are judged again, and it is replayed."""

from __future__ import annotations

from pathlib import Path

import pytest

from millwright import catalog, cli
from millwright.cli.dataset import find_reference
from millwright.datasets import validate
from millwright.datasets.dataset import Dataset
from millwright.datasets.episodes import load_episode


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("brick-clear") / "data"
    words = ["--policy", "expert", "--seeds", "4990:4992", "--workers", "1", "--env.image-size", "32"]
    assert cli.main(["record", "brick-clear", *words, "--env.underway", "--out", str(folder)]) == 0
    return folder


def test_nothing_is_wrong_with_recorded_placings_and_their_judge_is_asked(data: Path) -> None:
    provenance = Dataset(data).episodes[0].provenance
    reference = find_reference(provenance)
    assert reference is not None
    assert type(reference.judge).__name__ == "PlacedInTray"
    assert not [str(finding) for finding in validate(data, find_reference) if finding.severity == "error"]


def test_recorded_placing_is_judged_again_as_it_was(data: Path) -> None:
    episode = load_episode(Dataset(data), 0, catalog.make_judge("brick-clear"))
    assert episode.verdict.success
    assert episode.steps[-1].verdict.success


def test_recorded_placing_is_replayed(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "placing.rrd"
    assert cli.main(["replay", str(data), "1", "--out", str(out)]) == 0
    assert out.stat().st_size > 10_000
