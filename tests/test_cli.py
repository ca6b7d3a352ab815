"""The `millwright` command: its verbs, its help, and what it says to bad input."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import millwright
from millwright import cli
from millwright.catalog import SHIPPED
from millwright.cli.arguments import take_env_options
from millwright.cli.demo import find_env, make_stage

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
        (["train", "brick-figures", "--dataset", "x", "--out", "y"], "recipes: brick-pick"),
        (["evaluate", "brick-tabel", "--policy", "expert", "--seeds", "0:1"], "did you mean 'brick-table'"),
        (["evaluate", "brick-table", "--policy", "exprt", "--seeds", "0:1"], "did you mean 'expert'"),
        (["evaluate", "brick-table", "--policy", "nothing", "--seeds", "0:1", "--env.hrad", "true"], "hrad"),
        (
            ["record", "brick-table", "--policy", "random", "--perturb", "--seeds", "0:1", "--out", "x"],
            "--policy expert",
        ),
        (["compare", "no-such-a.json", "no-such-b.json"], "no-such-a.json"),
        (["demo", "--host", "192.0.2.1"], "allow"),
        (["dashboard", "--env", "lift-choise"], "did you mean 'lift-choice'"),
        (["dashboard", "--env", "lift", "--policy", "exprt"], "did you mean 'expert'"),
        (["dashboard", "--env", "lift", "--policy", "brick-pick"], "was made for 'brick-table', not for 'lift'"),
        (["evaluate", "lift", "--policy", "brick-pick", "--seeds", "5000:5001"], "that one, or a bundle of lift"),
        (["dashboard", "--host", "192.0.2.1", "--env", "lift"], "allow"),
        (["serve", "brick-pik"], "shipped bundles: brick-clear"),
        (["export", "brick-pik"], "shipped bundles: brick-clear"),
        (["export", "brick-pick", "--untried", "--env.hard", "true"], "--env.NAME: for a trial"),
        (["export", "brick-pick", "--untried", "--seeds", "0:2"], "--seeds: for a trial"),
        (["export", "brick-pick", "--to", "triton", "--env.hard", "true"], "--env.NAME: --to triton takes"),
        (["card", "brick-pik"], "shipped bundles: brick-clear"),
        (["probe", "brick-pik"], "shipped bundles: brick-clear"),
        (["serve", str(ROOT / "docs")], "manifest.json is missing"),
        (["export", "brick-pick", "--untried", "--out", "/dev/null/x"], "--out: nothing can be written in /dev/null"),
        (
            ["evaluate", "brick-table", "--policy", "nothing", "--seeds", "0:1", "--json", "/proc/x.json"],
            "--json: nothing can be written in /proc",
        ),
        (
            ["evaluate", "brick-table", "--policy", "nothing", "--seeds", "0:1", "--report", "/dev/null/x"],
            "--report: nothing can be written in /dev/null",
        ),
        (["run", "dream-driving", "--out", "/dev/null/x"], "--out: nothing can be written in /dev/null"),
        (["export", str(ROOT / "docs")], "manifest.json is missing"),
        (["card", str(ROOT / "docs")], "manifest.json is missing"),
        (["serve", "brick-pick", "--host", "0.0.0.0"], "--token-file"),
        (["serve", "brick-pick", "--port", "99999"], "0 to 65535"),
        (["serve", "brick-pick", "--tls-key", "key.pem"], "--tls-cert"),
        (["serve", "brick-pick", "--token-file", "no-such-file"], "no-such-file"),
        (["serve", "brick-pick", "--threads", "100000"], "--threads is 1 to 256"),
        (["serve", "brick-pick", "--max-batch", "0"], "--max-batch is 1 to 1024"),
        (["evaluate", "brick-table", "--policy", "http://127.0.0.1:1", "--seeds", "0:1"], "grpc://HOST:PORT"),
        (["evaluate", "brick-table", "--policy", "grpc://127.0.0.1:99999", "--seeds", "0:1"], "1 to 65535"),
        (["evaluate", "brick-table", "--policy", "grpc://nowhere", "--seeds", "0:1"], "grpc://127.0.0.1:50051"),
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


@pytest.mark.parametrize("latency", ["x", "250:100", "-5", "1:2:3"])
def test_latencies_that_are_no_range_are_refused(latency: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["evaluate", "brick-table", "--policy", "brick-pick", "--seeds", "0:1", f"--latency-ms={latency}"])
    assert stop.value.code == 2
    assert "100:250" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], {}),
        (["--latency-ms", "100:250"], {"latency_s": [0.1, 0.25]}),
        (["--latency-ms", "150", "--stale"], {"latency_s": [0.15, 0.15], "stale": True}),
    ],
)
def test_latency_is_given_in_milliseconds_and_the_result_says_so(words, expected, tmp_path: Path) -> None:
    options = ["--seeds", "8000:8001", "--env.max-steps", "4", "--workers", "1", "--json", str(tmp_path / "r.json")]
    assert cli.main(["evaluate", "brick-table", "--policy", "brick-pick", *options, *words]) == 0
    provenance = json.loads((tmp_path / "r.json").read_text())["provenance"]
    assert {name: provenance[name] for name in ("latency_s", "stale") if name in provenance} == expected


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
    assert take_env_options(args) == {"hard": True, "image_size": 96, "name": "x", "tracked": True}
    assert args == ["brick-table", "--seeds", "0:1"]


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("envs", "brick-table"),
        ("policies", "expert"),
        ("gamers", "hover"),
        ("starts", "in-air"),
        ("recipes", "brick-pick"),
        ("judges", "SustainedLift"),
    ],
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


def test_evaluate_tells_how_far_episodes_came_and_warns_of_what_a_flawed_judge_counts(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = ["--seeds", "4990:4991", "--workers", "1", "--env.image-size", "32", "--judge", "height-alone"]
    for policy, warned in (("expert", False), ("fling", True)):
        assert cli.main(["evaluate", "brick-table", "--policy", policy, *options]) == 0
        printed = capsys.readouterr().out
        assert "1/1 = 100.0%" in printed
        assert re.search(r"^lifts +1/1 = 100%", printed, re.M)
        assert ("careful: 1 called a success by the judge, but it was never seen that" in printed) == warned


def test_evaluate_puts_its_result_on_the_card_of_a_bundle_and_leaves_the_bundle_what_it_is(tmp_path: Path) -> None:
    bundle = tmp_path / "mine"
    shutil.copytree(SHIPPED / "brick-pick", bundle)
    manifest = (bundle / "manifest.json").read_bytes()
    options = ["--seeds", "8000:8001", "--env.max-steps", "4", "--workers", "1", "--json", str(tmp_path / "r.json")]
    assert cli.main(["evaluate", "brick-table", "--policy", str(bundle), *options, "--card"]) == 0
    card = (bundle / "card.md").read_text()
    assert "| 8000:8001 | brick-table, `max_steps` 4 | 0/1 episodes = 0.0% |" in card
    assert "11000:12000" not in card, "results that stood on it before are replaced"
    assert (bundle / "manifest.json").read_bytes() == manifest
    assert not (bundle / "card.md.part").exists()


def test_card_is_written_again_with_results_of_that_bundle_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = tmp_path / "mine"
    shutil.copytree(SHIPPED / "brick-pick", bundle)
    options = ["--seeds", "8000:8001", "--env.max-steps", "4", "--workers", "1", "--json"]
    for name in ("brick-pick", "brick-robust"):
        assert cli.main(["evaluate", "brick-table", "--policy", name, *options, str(tmp_path / f"{name}.json")]) == 0
    assert cli.main(["card", str(bundle), "--results", str(tmp_path / "brick-pick.json")]) == 0
    card = (bundle / "card.md").read_text()
    assert "0/1 episodes" in card
    assert cli.main(["card", str(bundle), "--results", str(tmp_path / "brick-robust.json")]) == 2
    assert "brick-robust.json was measured with" in capsys.readouterr().err
    assert (bundle / "card.md").read_text() == card
    assert cli.main(["card", str(tmp_path / "nowhere")]) == 2


@pytest.mark.parametrize(
    ("policy", "words", "said"),
    [
        ("brick-pick", [], "give --json FILE or --report DIR"),
        ("expert", ["--json", "r.json"], "expert is none"),
        ("brick-pick", ["--json", "r.json", "--judge", "height-alone"], "no result for a card"),
    ],
)
def test_what_could_not_stand_on_a_card_is_refused_before_anything_is_played(
    policy: str,
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["evaluate", "brick-table", "--policy", policy, "--seeds", "8000:8001", "--card", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "r.json").exists()


def test_flawed_judge_that_does_not_exist_is_refused_with_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["evaluate", "brick-table", "--policy", "nothing", "--seeds", "0:1", "--judge", "height-only"]
    assert cli.main(command) == 2
    assert "did you mean 'height-alone'?" in capsys.readouterr().err


def test_record_writes_a_dataset_with_the_experts_plans(tmp_path: Path) -> None:
    from millwright.datasets.dataset import Dataset

    out = tmp_path / "data"
    options = ["--seeds", "4995:4997", "--workers", "1", "--out", str(out), "--env.image-size", "32"]
    assert cli.main(["record", "brick-table", "--policy", "expert", "--perturb", *options]) == 0
    dataset = Dataset(out)
    assert len(dataset.episodes) == 2
    assert dataset.features["label.plan"].shape == (16, 8)
    assert dataset.features["observation.images.wrist"].shape == (32, 32, 3)


def test_the_dashboard_of_a_bundle_shows_what_it_was_made_for(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(SHIPPED / "brick-clear", mine)
    assert find_env(str(mine)) == "brick-clear"
    assert find_env(None) == "brick-table"
    stage, first = make_stage("brick-clear", str(mine), {})
    assert (first, stage.goes_on, stage.by_words) == ("mine", True, False)
    assert list(stage.policies)[:2] == ["mine", "brick-clear"]
    assert stage.bundles == {"mine": mine, "brick-clear": SHIPPED / "brick-clear"}
    assert make_stage("lift-choice", "hover", {})[0].by_words


def test_a_bundle_named_like_a_shipped_one_is_told_apart_by_the_folder_around_it(tmp_path: Path) -> None:
    mine = tmp_path / "seed-0" / "brick-clear"
    shutil.copytree(SHIPPED / "brick-clear", mine)
    stage, first = make_stage("brick-clear", str(mine), {})
    assert first == "brick-clear (seed-0)"
    assert list(stage.policies)[:2] == [first, "brick-clear"]
    assert stage.bundles == {first: mine, "brick-clear": SHIPPED / "brick-clear"}


def test_a_viewer_of_solids_is_refused_where_there_are_none(capsys):
    assert cli.main(["dashboard", "--env", "car-racing", "--rerun", "127.0.0.1:1"]) == 2
    assert "car-racing has no solids that --rerun could show" in capsys.readouterr().err


def test_a_person_cannot_be_evaluated_and_is_told_where_people_drive(capsys):
    assert cli.main(["evaluate", "car-racing", "--policy", "human", "--seeds", "5000:5001"]) == 2
    assert "millwright dashboard --env car-racing --policy human" in capsys.readouterr().err


def test_dashboard_without_its_extra_gives_the_install_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fastapi", None)
    assert cli.main(["demo", "--port", "0"]) == 2
    assert "pip install 'millwright[dashboard]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--env.hrad", "true"], "did you mean 'hard'? (brick-table options: hard, clutter"),
        (["--env.hard", "no"], "hard is true or false, got 'no'"),
        (["--env.image-size", "-5"], "image_size must be 16 to"),
        (["--latency-ms", "100:250"], "nothing plays no chunks"),
        (["--policy", "brick-pick", "--execute", "0"], "execute must be at least 1 and blend at least 0, got 0 and"),
        (["--policy", "brick-pick", "--blend", "-1"], "execute must be at least 1 and blend at least 0, got 2 and -1"),
        (["--workers", "0"], "workers must be at least 1"),
        (["--min-confidence", "0.2"], "say who, with --fallback NAME"),
        (["--fallback", "nothing", "--min-confidence", "2"], "a confidence lies in 0 to 1"),
        (["--report", __file__], "that is a file; give a folder"),
        (["--json", str(ROOT)], "that is a folder; give a file"),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_played(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["evaluate", "brick-table", "--policy", "nothing", "--seeds", "0:1", *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "succeeded" not in error
    assert error.count("\n") == 1


def test_a_result_is_written_into_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    file = tmp_path / "new" / "nothing.json"
    options = ["--seeds", "0:1", "--env.image-size", "32", "--env.max-steps", "2", "--json", str(file)]
    assert cli.main(["evaluate", "brick-table", "--policy", "nothing", *options]) == 0
    assert json.loads(file.read_text())["episodes"] == 1


@pytest.mark.parametrize("verb", ["run", "train"])
def test_every_recipe_explains_its_fields(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    from millwright.recipes import RECIPES

    needed = {"run": "run", "train": "learn"}[verb]
    for name in [name for name, recipe in RECIPES.items() if hasattr(recipe, needed)]:
        with pytest.raises(SystemExit) as stop:
            cli.main([verb, name, "--help"])
        assert stop.value.code == 0
        assert "--out PATH" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["train", "brick-pick", "--out", "OUT"], "--dataset DIR is missing"),
        (["train", "brick-pick", "--dataset", "nowhere", "--out", "OUT"], "no dataset in nowhere"),
        (["train", "lift-choice", "--dataset", "nowhere", "--out", "OUT"], "no dataset in nowhere"),
        (["run", "brick-pick", "--seeds", "10-20", "--out", "OUT"], "seeds must read A:B"),
        (["run", "brick-pick", "--episodes", "0", "--out", "OUT"], "nothing to train on"),
        (["run", "brick-pick", "--seed", "8", "--episodes", "300", "--out", "OUT"], "those to train on are 0:5000"),
        (["run", "brick-pick", "--out", __file__], "that is a file; give a folder"),
    ],
)
def test_recipes_say_what_is_wrong_before_they_begin(
    argv: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([str(tmp_path / "out") if word == "OUT" else word for word in argv]) == 2
    error = capsys.readouterr().err
    assert error.startswith("millwright: ")
    assert said in error


@pytest.mark.parametrize(
    ("argv", "kept"),
    [(["run", "brick-pick"], True), (["evaluate", "--report=r"], True), (["evaluate"], False), (["compare"], False)],
)
def test_ctrl_c_says_whether_the_same_command_goes_on(
    argv: list[str], kept: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(_: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(cli.VERBS, argv[0], interrupt)
    assert cli.main(argv) == 130
    assert ("what is finished is kept" in capsys.readouterr().err) is kept


def test_the_package_is_the_command_too() -> None:
    words = [sys.executable, "-m", "millwright", "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == millwright.__version__
