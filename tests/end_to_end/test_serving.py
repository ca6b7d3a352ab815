"""A bundle that a server plays from afar gets the verdicts that it gets at home."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from millwright import cli

COMMAND = (sys.executable, "-m", "millwright")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    words = (*COMMAND, "serve", "brick-pick", "--port", "0")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        found = re.search(r"grpc://\S+", server.stdout.readline())
        assert found
        yield found[0]
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0


def evaluate(policy: str, file: Path, env: str = "brick-table") -> int:
    words = ["evaluate", env, "--policy", policy, "--seeds", "5000:5003", "--workers", "1", "--json", str(file)]
    return cli.main(words)


def test_evaluating_a_served_bundle_gives_the_same_verdicts(address: str, tmp_path: Path) -> None:
    files = [tmp_path / "here.json", tmp_path / "there.json"]
    assert [evaluate(policy, file) for policy, file in zip(("brick-pick", address), files, strict=True)] == [0, 0]
    here, there = (json.loads(file.read_text()) for file in files)
    for verdict in (*here["verdicts"], *there["verdicts"]):
        del verdict["metrics"]["call_latency_ms"]  # which is of the clock, not of the episode
    assert here["verdicts"] == there["verdicts"]
    assert here["provenance"]["policy_digest"] == there["provenance"]["policy_digest"]
    assert there["policy"] == address


def test_a_served_bundle_is_refused_for_another_task(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate(address, tmp_path / "result.json", "lift") == 2
    assert "was made for 'brick-table', not for 'lift'" in capsys.readouterr().err


def test_a_server_that_is_not_there_ends_evaluating_with_what_to_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert evaluate("grpc://127.0.0.1:1", tmp_path / "result.json") == 2
    assert "millwright serve BUNDLE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["serve", "brick-pick"], ["evaluate", "brick-table", "--policy", "grpc://127.0.0.1:1", "--seeds", "0:1"]]
)
def test_without_the_extra_the_command_says_what_to_install(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "grpc", None)
    assert cli.main(words) == 2
    assert "pip install 'millwright[serving]'" in capsys.readouterr().err
