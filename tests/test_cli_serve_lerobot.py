"""`millwright serve-lerobot`: what is wrong is told before LeRobot is looked for."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from millwright import cli
from tests.policies.lerobot.folders import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "mine")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--env", "lfit"], "did you mean 'lift'"),
        (["--env", "lift", "--rename", "observation.state"], "--rename takes OURS=THEIRS pairs"),
        (["--env", "lift", "--rename", "a=observation.images.nowhere"], "its features: observation.images.top"),
        (
            ["--env", "lift", "--rename", "a=observation.images.nowhere", "--rename", "b=observation.state"],
            "features: obs",
        ),
        (
            ["--env", "lift", "--rename", "a=observation.state", "--rename", "a=observation.images.top"],
            "gives a several",
        ),
        (["--env", "lift", "--action", "joints"], "action, hand_motion, hand_target; got joints"),
        (["--env", "lift", "--control-hz", "0"], "above 0; got 0"),
        (["--env", "lift", "--play", "all"], "--play is chunk or tick; got all"),
        (["--env", "lift", "--max-batch", "0"], "--max-batch is 1 to 1024"),
        (["--env", "lift"], "start this with the Python of LeRobot's own environment"),
    ],
)
def test_what_is_wrong_is_told(
    folder: Path,
    words: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lerobot", None)
    assert cli.main(["serve-lerobot", str(folder), *words]) == 2
    assert told in capsys.readouterr().err


def test_a_checkpoint_is_served_by_the_name_that_it_is_given(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served: list[str] = []
    verb = importlib.import_module("millwright.cli.serve_lerobot")
    monkeypatch.setattr(verb, "serve_at", lambda door, sources: served.extend(one.name for one in sources))
    for word in (str(folder), f"theirs={folder}"):
        assert cli.main(["serve-lerobot", word, "--env", "lift"]) == 0
    assert served == ["mine", "theirs"]
    assert cli.main(["serve-lerobot", f"their one={folder}", "--env", "lift"]) == 2
    assert "'their one' is no name" in capsys.readouterr().err


def test_a_pickle_is_refused_before_anything_is_loaded(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "optimizer.pt").write_bytes(b"")
    assert cli.main(["serve-lerobot", str(folder), "--env", "lift"]) == 2
    assert "holds optimizer.pt: such files may be pickles" in capsys.readouterr().err


def test_it_needs_no_more_than_the_page_says_to_install_beside_lerobot(folder: Path) -> None:
    """What LeRobot asks for itself: gymnasium, numpy, pillow, safetensors, torch."""
    ours = ("av", "daqp", "fastapi", "matplotlib", "mink", "mujoco", "pyarrow", "rich", "scipy", "tensorboard")
    code = f"""
import sys
sys.modules.update(dict.fromkeys({("lerobot", *ours)!r}))
import millwright.serving.server
from millwright import cli
sys.exit(cli.main(["serve-lerobot", {str(folder)!r}, "--env", "lift"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, "LeRobot 0.6 is not here" in done.stderr) == (2, True), done.stderr
