"""`millwright dataset`: its verbs, what they say and how they end."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from millwright import cli
from millwright.cli.dataset import VERBS, find_reference
from millwright.core.errors import DatasetError
from millwright.datasets import Dataset, record, validate
from millwright.datasets.checks.reference import References
from millwright.datasets.folder import Entry
from millwright.datasets.layout import Place
from millwright.datasets.recording import write_recording
from tests.datasets import clean
from tests.datasets.editing import EPISODES, edit_info, edit_table
from tests.datasets.faults import FAULTS
from tests.datasets.players import FPS, refuse

CAMERA = "observation.images.wrist"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return record(clean.MakePlay(), range(5), tmp_path / "data", fps=FPS, features=clean.FEATURES)


def run(*words: object) -> int:
    """The exit code, however it is given."""
    try:
        return cli.main(["dataset", *map(str, words)])
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_listed_and_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == 0
    assert f"\n  {verb} " in capsys.readouterr().out
    assert run(verb, "--help") == 0
    assert f"usage: millwright dataset {verb}" in capsys.readouterr().out


def test_a_sound_dataset_ends_with_0(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("validate", data) == 0
    assert capsys.readouterr().out == f"{data}: nothing is wrong\n"


def test_an_error_ends_with_1_and_is_told_with_its_cure(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FAULTS["a timestamp off the grid"].plant(data)
    assert run("validate", data, "--json", data.parent / "found.json") == 1
    out = capsys.readouterr().out
    assert "MW204 error: timestamps off the grid\n  episode 2, frame 7, data/" in out
    assert f"mend: millwright dataset validate {data} --fix OUT" in out
    found = json.loads((data.parent / "found.json").read_text())
    assert found["errors"] == 1
    assert {"code", "severity", "title", "cause", "episode", "frame", "file", "mend"} == set(found["findings"][0])


def test_a_warning_ends_with_1_only_when_that_is_asked_for(data: Path) -> None:
    FAULTS["frozen frames"].plant(data)
    assert run("validate", data) == 0
    assert run("validate", data, "--strict") == 1
    assert run("validate", data, "--strict", "--quick") == 0


def test_describe_tells_and_writes_a_page(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, numbers = data.parent / "page.html", data.parent / "numbers.json"
    assert run("describe", data, "--page", page, "--json", numbers, "--films", 2) == 0
    out = capsys.readouterr().out
    assert "5 episodes, 120 frames at 15 Hz" in out
    assert "verdicts: success 3, low 2" in out
    assert page.read_text().count("<video") == 2
    assert len(json.loads(numbers.read_text())["joints"]) == 3


def test_fix_writes_a_copy_that_is_sound(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    FAULTS["a mean of other frames"].plant(data)
    assert run("validate", data, "--fix", data.parent / "fixed") == 1
    assert "MW404 (1): computed from the frames" in capsys.readouterr().out
    assert run("validate", data.parent / "fixed") == 0


def test_many_findings_of_one_code_are_told_in_few_lines(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit_info(data, lambda info: info.update(fps=30))
    assert run("validate", data) == 1
    assert len(capsys.readouterr().out.splitlines()) < 30


def test_the_edits_write_sound_datasets(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = {name: data.parent / name for name in ("split", "test", "good", "both", "less", "small")}
    assert run("split", data, "--out", out["split"], "--test-seeds", "1:3") == 0
    assert "test: episodes 3:5" in capsys.readouterr().out
    assert run("filter", out["split"], "--split", "test", "--out", out["test"]) == 0
    assert run("filter", data, "--verdict", "failure", "--out", out["good"]) == 0
    assert run("merge", out["test"], out["good"], "--out", out["both"]) == 0
    assert "4 episodes, 96 frames" in capsys.readouterr().out
    assert run("drop", data, clean.DEPTH, "--out", out["less"]) == 0
    assert run("encode", data, "--crf", 40, "--scale", 0.5, "--out", out["small"]) == 0
    assert [name for name, root in out.items() if validate(root)] == []


def test_export_and_import_bring_a_dataset_back(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, again = data.parent / "data.hdf5", data.parent / "again"
    assert run("export", data, file) == 0
    assert run("import", file, again) == 0
    assert "5 episodes, 120 frames" in capsys.readouterr().out
    assert run("import", file, data.parent / "few", "--drop", "1:4", "--leave-out", CAMERA, clean.DEPTH) == 0
    assert "2 episodes, 48 frames" in capsys.readouterr().out
    assert run("import", again, data.parent / "copy", "--drop", "0") == 0
    assert "4 episodes, 96 frames" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["vaildate", "x"], "did you mean 'validate'"),
        (["merge", "x", "--out", "y"], "two datasets or more"),
        (["filter", "x", "--out", "y"], "--verdict success"),
        (["split", "no-such", "--out", "y"], "no dataset in no-such"),
        (["import", "no-such", "y"], "no-such is not there"),
        (["import", "x", "y", "--units", "m"], "action=rad for example"),
        (["export", "x", "y.zip"], "ends in .hdf5"),
    ],
)
def test_bad_input_gets_one_line_that_says_what_would_have_worked(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["filter", "--drop", "0:99999999999"], "0:99999999999 is no part of the episodes 0:5"),
        (["filter", "--drop", "7"], "episodes 0:5"),
        (["filter", "--drop", "3:1"], "half open"),
        (["filter", "--drop", "1-3"], "3:9,12 is meant"),
        (["filter", "--drop", ""], "3:9,12 is meant"),
        (["filter", "--verdict", "succes"], "did you mean 'success'? (verdicts: success, failure, low)"),
        (["drop"], "say which features are to go"),
        (["encode", "--gop", "99999999999"], "gop 1 to 100000"),
        (["encode", "--codec", "av1", "--scale", "0.0001"], "pictures of 2 x 2 at 15 Hz cannot be encoded as"),
        (["encode", "--preset", "nonsense"], "ultrafast"),
        (["encode", "--preset", "vryfast"], "did you mean 'veryfast'"),
        (["encode", "--codec", "av1", "--preset", "14"], "13"),
        (["encode", "--crf", "60"], "crf is 0 to 51"),
    ],
)
def test_bad_values_are_refused_before_anything_is_written(
    data: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    verb, *options = words
    assert run(verb, data, "--out", data.parent / "out", *options) == 2
    assert said in capsys.readouterr().err
    assert not (data.parent / "out").exists()


def test_an_edit_does_not_write_into_its_source(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(data.rglob("*"))
    assert run("merge", data, data, "--out", data / "both") == 2
    assert f"lies in {data}, which is not to be touched" in capsys.readouterr().err
    assert sorted(data.rglob("*")) == before


@pytest.mark.parametrize("verb", [["encode"], ["drop", clean.DEPTH], ["filter", "--verdict", "success"]])
def test_an_edit_on_a_full_disk_leaves_nothing(
    data: Path, verb: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(data.parent.iterdir())
    monkeypatch.setattr(os, "fsync", refuse)
    assert run(verb[0], data, *verb[1:], "--out", data.parent / "out") == 2
    assert "the disk is full" in capsys.readouterr().err
    assert sorted(data.parent.iterdir()) == before


def test_an_edit_fills_the_empty_folder_that_one_is_in_or_a_link_leads_to(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("here", "there"):
        (data.parent / name).mkdir()
    monkeypatch.chdir(data.parent / "here")
    (data.parent / "link").symlink_to("there")
    (data.parent / "dangling").symlink_to("nowhere")
    for out in (".", "../link", "../dangling"):
        assert run("drop", data, clean.DEPTH, "--out", out) == 0
        assert f"wrote {out}: 5 episodes, 120 frames" in capsys.readouterr().out
    for name in ("here", "there", "nowhere"):
        assert sorted(path.name for path in (data.parent / name).iterdir()) == ["data", "meta", "videos"]
        assert validate(data.parent / name) == []
    assert Path.cwd() == data.parent / "here"
    assert os.listdir() == os.listdir(data.parent / "here")


def test_an_empty_folder_stays_empty_when_an_edit_fails(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = data.parent / "out"
    out.mkdir()
    monkeypatch.setattr(os, "fsync", refuse)
    assert run("drop", data, clean.DEPTH, "--out", out) == 2
    assert list(out.iterdir()) == []


def test_an_export_that_has_no_room_leaves_nothing(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(data.parent.iterdir())
    usage = shutil.disk_usage(data)._replace(free=4_100_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    assert run("export", data, data.parent / "data.hdf5") == 2
    assert "the disk is full: episode 0 takes up to 0.1 MB, 4.1 MB are free" in capsys.readouterr().err
    assert sorted(data.parent.iterdir()) == before


def test_a_file_of_findings_is_written_whole_or_not_at_all(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data.parent / "findings.json"
    file.write_text("before")
    before = sorted(data.parent.iterdir())

    def fill(path: Path, text: str, encoding: str) -> None:
        path.write_bytes(text.encode(encoding)[:5])
        refuse(0)

    monkeypatch.setattr(Path, "write_text", fill)
    assert run("validate", data, "--json", file) == 2
    assert f"the disk is full: {file} is not written" in capsys.readouterr().err
    assert (sorted(data.parent.iterdir()), file.read_bytes()) == (before, b"before")


def test_a_page_has_no_films_rather_than_fewer_than_none(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("describe", data, "--films", -3) == 2
    assert "0 or more; got -3" in capsys.readouterr().err


@pytest.mark.parametrize("fps", [0, 10_001, 10**12])
def test_a_rate_that_cannot_be_is_refused(data: Path, fps: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("export", data, data.parent / "data.hdf5") == 0
    assert run("import", data.parent / "data.hdf5", data.parent / "out", "--fps", fps) == 2
    assert "1 to 10000" in capsys.readouterr().err


def test_what_a_killed_recorder_left_is_imported(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = data.parent / "killed"
    root.mkdir()
    write_recording(clean.make_episode(3), root, FPS, clean.FEATURES)
    assert run("validate", root) == 1
    assert "becomes one when it is opened" in capsys.readouterr().out
    assert run("import", root, data.parent / "out") == 0
    assert "1 episodes, 24 frames" in capsys.readouterr().out


def test_dataset_without_episodes_is_described_and_not_edited(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for folder in ("meta/episodes", "data", "videos"):
        shutil.rmtree(data / folder)
    edit_info(data, lambda info: info.update(total_episodes=0, total_frames=0, splits={}))
    out = data.parent
    assert run("describe", data, "--page", out / "page.html", "--json", out / "page.json") == 0
    assert "0 episodes, 0 frames" in capsys.readouterr().out
    assert run("merge", data, data, "--out", out / "both") == 2
    assert "no episode in any of them" in capsys.readouterr().err
    assert run("export", data, out / "data.hdf5") == 2
    assert "holds no episode" in capsys.readouterr().err
    with pytest.raises(DatasetError, match="no table of episodes"):
        Dataset(data)


def test_a_dataset_of_no_episodes_is_empty_and_not_recorded_into(data: Path) -> None:
    edit_table(data, EPISODES, lambda table: table.slice(0, 0))
    edit_info(data, lambda info: info.update(total_episodes=0, total_frames=0, splits={}))
    with pytest.raises(DatasetError, match="without episodes; record into a new folder"):
        record(clean.MakePlay(), range(1), data, fps=FPS, features=clean.FEATURES)
    assert (len(Dataset(data)), Dataset(data).column("action").shape) == (0, (0, 3))


def test_the_brick_tables_judge_and_range_are_asked() -> None:
    reference = find_reference({"env": "brick-table", "env_options": {"image_size": 32}})
    assert reference is not None
    assert type(reference.judge).__name__ == "SustainedLift"
    assert reference.action_low is not None
    assert reference.action_low.shape == (7,)
    assert find_reference({"env": "elsewhere"}) is None


@pytest.mark.parametrize(
    "provenance",
    [
        {"env": ["brick-table"]},
        {"env": "brick-table", "env_options": {"hrad": True}},
        {"env": "brick-table", "env_options": 3},
        {"env": "brick-table", "env_options": {"image_size": "small"}},
        {"env": None},
        [],
    ],
)
def test_provenance_that_makes_no_environment_is_nobodys(provenance: object) -> None:
    known = {"provenance": json.dumps(provenance)}
    entry = Entry(0, 0, 1, 0, 1, (), Place(0, 0), known=known)
    assert References(find_reference).get(entry) is None
