"""The `millwright` command: its verbs, its help, and what it says to bad input."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from millwright import cli

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("argv", [[], ["--help"], ["help"]])
def test_help_names_every_verb(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 0
    text = capsys.readouterr().out
    for verb in cli.VERBS:
        assert re.search(rf"^  {verb} ", text, re.M)


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main([verb, "--help"])
    assert stop.value.code == 0
    assert f"usage: millwright {verb}" in capsys.readouterr().out


@pytest.mark.parametrize("verb", sorted(cli.VERBS))
def test_every_verb_is_in_the_readme(verb: str) -> None:
    assert f"millwright {verb}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["evalute"], "did you mean 'evaluate'"),
        (["list", "env"], "did you mean 'envs'"),
        (["run", "brick-pik"], "did you mean 'brick-pick'"),
        (["train", "brick-figures", "--dataset", "x", "--out", "y"], "recipes: brick-pick)"),
        (["evaluate", "brick-tabel", "--policy", "expert", "--seeds", "0:1"], "did you mean 'brick-table'"),
        (["evaluate", "brick-table", "--policy", "exprt", "--seeds", "0:1"], "did you mean 'expert'"),
        (["evaluate", "brick-table", "--policy", "nothing", "--seeds", "0:1", "--env.hrad", "true"], "hrad"),
        (
            ["record", "brick-table", "--policy", "random", "--perturb", "--seeds", "0:1", "--out", "x"],
            "--policy expert",
        ),
        (["compare", "no-such-a.json", "no-such-b.json"], "no-such-a.json"),
        (["demo", "--host", "192.0.2.1"], "allow"),
    ],
)
def test_bad_input_gets_one_line_that_says_what_would_have_worked(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(argv) == 2
    error = capsys.readouterr().err
    assert error.startswith("millwright: ")
    assert said in error
    assert "Traceback" not in error


@pytest.mark.parametrize("seeds", ["5", "5:5", "7:5", "a:b", "-1:3"])
def test_seeds_that_are_no_range_are_refused(seeds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", "brick-table", "--policy", "nothing", f"--seeds={seeds}"])
    assert stop.value.code == 2
    assert "A:B" in capsys.readouterr().err


def test_options_of_the_environment_are_read_as_json_or_text() -> None:
    args = [
        "brick-table",
        "--env.hard",
        "true",
        "--env.image-size=96",
        "--seeds",
        "0:1",
        "--env.name",
        "x",
        "--env.tracked",
    ]
    assert cli.take_env_options(args) == {"hard": True, "image_size": 96, "name": "x", "tracked": True}
    assert args == ["brick-table", "--seeds", "0:1"]


@pytest.mark.parametrize(
    ("what", "name"),
    [("envs", "brick-table"), ("policies", "expert"), ("recipes", "brick-pick"), ("judges", "SustainedLift")],
)
def test_list_names_what_there_is(what: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", what]) == 0
    assert re.search(rf"^{name} ", capsys.readouterr().out, re.M)


def test_evaluate_writes_the_json_that_compare_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = {}
    for policy in ("nothing", "expert"):
        results[policy] = tmp_path / f"{policy}.json"
        options = ["--seeds", "4990:4992", "--workers", "1", "--env.image-size", "32", "--env.max-steps", "110"]
        assert cli.main(["evaluate", "brick-table", "--policy", policy, *options, "--json", str(results[policy])]) == 0
    expert, nothing = (json.loads(results[name].read_text()) for name in ("expert", "nothing"))
    assert (expert["schema"], expert["env"], expert["policy"]) == (1, "brick-table", "expert")
    assert expert["privileged"]
    assert not nothing["privileged"]
    assert (expert["successes"], nothing["successes"]) == (2, 0)
    assert expert["provenance"]["env_options"] == {"image_size": 32, "max_steps": 110}
    assert expert["provenance"]["command"].startswith("millwright evaluate brick-table --policy expert")
    capsys.readouterr()
    assert cli.main(["compare", str(results["nothing"]), str(results["expert"])]) == 0
    assert "expert" in capsys.readouterr().out


def test_record_writes_a_dataset_with_the_experts_plans(tmp_path: Path) -> None:
    from millwright.datasets.dataset import Dataset

    out = tmp_path / "data"
    options = ["--seeds", "4995:4997", "--workers", "1", "--out", str(out), "--env.image-size", "32"]
    assert cli.main(["record", "brick-table", "--policy", "expert", "--perturb", *options]) == 0
    dataset = Dataset(out)
    assert len(dataset.episodes) == 2
    assert dataset.features["label.plan"].shape == (16, 8)
    assert dataset.features["observation.images.wrist"].shape == (32, 32, 3)


def test_dashboard_without_its_extra_gives_the_install_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert cli.main(["demo", "--port", "0"]) == 2
    assert "pip install 'millwright[dashboard]'" in capsys.readouterr().err
