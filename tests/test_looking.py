"""Looking at episodes and policies from the command line: replay and probe."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rerun.chunk import RrdReader

from millwright import cli
from millwright.envs.brick_table.layout import NAMES
from tests.policies.driving import make_driving_bundle
from tests.policies.makers import make_bundle

SMALL = ["--env.image-size", "32"]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("looking") / "data"
    options = ["--policy", "expert", "--seeds", "4995:4996", "--workers", "1", "--out", str(folder)]
    assert cli.main(["record", "brick-table", *options, *SMALL]) == 0
    return folder


def read_column(path: Path, entity: str, component: str) -> list[Any]:
    """A component of an entity at every step, in order."""
    rows = []
    for chunk in RrdReader(path).stream():
        if chunk.entity_path == entity and not chunk.is_static:
            rows += [(row["step"], row[component]) for row in chunk.to_record_batch().to_pylist() if component in row]
    return [value for _, value in sorted(rows, key=lambda row: row[0])]


def test_a_recording_and_the_same_seed_played_afresh_are_replayed_alike(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["replay", str(dataset), "0"]) == 0
    assert "look at it with: rerun data-0.rrd" in capsys.readouterr().out
    played = ["--policy", "expert", "--seed", "4995", "--out", "played.rrd"]
    assert cli.main(["replay", "brick-table", *played, *SMALL]) == 0
    for entity in ("/world/hand", "/world/scene/forearm_link", "/world/scene/red", "/world/wrist"):
        recorded, afresh = (
            read_column(Path(name), entity, "Transform3D:translation") for name in ("data-0.rrd", "played.rrd")
        )
        assert len(afresh) > 20
        assert np.array_equal(recorded[: len(afresh)], afresh)  # a recording goes on for a while after the verdict


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (
            ["brick-tabel"],
            "lift, lift-choice, car-racing) nor the folder of a dataset",
        ),
        (["DATA"], "holds 0 to 0: millwright replay"),
        (["DATA", "1"], "no episode 1 in"),
        (["DATA", "0", "--policy", "expert", "--env.hard"], "--policy, --env.NAME: only with an environment"),
        ([str(Path(__file__).parent)], "no dataset in"),
        (["brick-table", "3"], "give --seed 3"),
        (["brick-table", "--policy", "exprt"], "did you mean 'expert'"),
        (["brick-table", "--policy", "expert", "--target", "rde"], "did you mean 'red'"),
        (["brick-table", "--env.hrad"], "did you mean 'hard'"),
        (["brick-table", "--out", str(Path(__file__).parent)], "episode.rrd for example"),
    ],
)
def test_what_cannot_be_replayed_is_refused_with_what_can(
    argv: list[str], said: str, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["replay", *(str(dataset) if word == "DATA" else word for word in argv)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_without_the_extra_the_install_command_is_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rerun", None)
    assert cli.main(["replay", "brick-table"]) == 2
    assert "pip install 'millwright[looking]'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundles") / "tiny"
    made = make_bundle()
    made.save(folder)
    dataclasses.replace(made, env="rail").save(folder.with_name("rail"))
    return folder


def test_probe_writes_a_sheet_and_numbers_and_prints_a_line_an_object(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["probe", str(bundle), "--seed", "8001", "--env.image-size", "64"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert tuple(line.split()[0] for line in told[1:13]) == NAMES
    values = json.loads(Path("probe-tiny-8001/probe.json").read_text())
    assert (values["bundle"], values["env"], values["seed"], values["objects"]) == ("tiny", "brick-table", 8001, 12)
    assert values["env_options"] == {"hard": False, "image_size": 64}
    assert Image.open("probe-tiny-8001/probe.png").size[0] == 1900


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["brick-pck"], "shipped bundles: brick-clear, brick-pick"),
        (["HERE"], "manifest.json is missing"),
        (["RAIL"], "was made for 'rail', which is no environment here (brick-table, brick-clear, lift, "),
        (["TINY"], "observation.images.wrist: expected shape (64, 64, 3), got (128, 128, 3)"),
        (["TINY", "--env.hrad"], "did you mean 'hard'"),
        (["TINY", "--out", __file__], "that is a file; give a folder"),
    ],
)
def test_what_cannot_be_probed_is_refused_with_what_can(
    argv: list[str], said: str, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"TINY": str(bundle), "RAIL": str(bundle.with_name("rail")), "HERE": str(Path(__file__).parent)}
    assert cli.main(["probe", *(places.get(word, word) for word in argv)]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_a_bundle_with_a_world_model_is_probed_by_a_film_of_its_dream(tmp_path: Path, capsys) -> None:
    make_driving_bundle().save(tmp_path / "dreamer")
    argv = [
        "probe",
        str(tmp_path / "dreamer"),
        "--seed",
        "5003",
        "--env.max_steps",
        "24",
        "--out",
        str(tmp_path / "out"),
    ]
    assert cli.main([*argv, "--ahead", "-1"]) == 2
    assert "goes on for a step at least" in capsys.readouterr().err
    assert cli.main([*argv, "--ahead", "3"]) == 0
    assert "steps: error of the code" in capsys.readouterr().out
    assert (tmp_path / "out" / "dream.mp4").stat().st_size > 1000
