"""What the page Model is told of a bundle."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from millwright.catalog import SHIPPED, list_shipped
from millwright.core.errors import BundleError, MissingExtraError, UnknownNameError
from millwright.dashboard.models import MOST_ROWS, Models, load_curves
from millwright.processors import text
from millwright.training.losses import LOSSES
from tests.policies.arms import ATTENTION, make_arm_bundle


def write_losses(folder: Path, count: int) -> None:
    (folder / "training").mkdir()
    rows = [{"step": k, "samples": 10 * k, "lr": 0.1, "loss": 1 / k, "motion": 0.5 / k} for k in range(1, count + 1)]
    (folder / "training" / LOSSES).write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.mark.parametrize("name", list_shipped())
def test_every_shipped_bundle_is_told_of(name: str) -> None:
    told = Models({name: SHIPPED / name}).tell(name)
    assert json.loads(json.dumps(told, allow_nan=False))["card"].startswith(f"# {name}\n")
    assert sum(part["trainable"] + part["frozen"] for part in told["parts"]) > 100_000
    assert told["before"][0]["name"]
    assert told["lineage"]["recipe"] == name
    assert told["curves"] == []


def test_a_vla_is_told_of_part_by_part_with_its_text_encoder(tmp_path: Path) -> None:
    make_arm_bundle(ATTENTION).save(tmp_path / "mine")
    told = Models({"mine": tmp_path / "mine"}).tell("mine")
    assert {part["name"] for part in told["parts"]} == {
        "vision", "fusion", "decoder", "body", "hashed (not in the bundle)",
    }  # fmt: skip
    assert (told["network"], told["length"], told["rate_hz"], told["problem"]) == ("vla", 4, 20.0, "")
    assert told["action"]["names"][-1] == "gripper"
    assert {"name": "encode-text", "options": {"text": "task", "encoder": "hashed", "words": 6, "to": "text"}} in told[
        "before"
    ]


def test_an_encoder_that_is_not_installed_is_told_and_the_rest_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MissingExtraError("install it with: pip install words")

    make_arm_bundle(ATTENTION).save(tmp_path / "mine")
    monkeypatch.setattr(text, "load_text_encoder", fail)
    told = Models({"mine": tmp_path / "mine"}).tell("mine")
    assert told["problem"] == "its text encoder is not counted: install it with: pip install words"
    assert len(told["parts"]) == 4


def test_curves_are_those_of_the_bundles_own_training(tmp_path: Path) -> None:
    write_losses(tmp_path, 1000)
    bundle = dataclasses.replace(make_arm_bundle(ATTENTION), lineage={"recipe": "lift", "loss": 0.001})
    bundle.save(tmp_path / "mine")
    curves = Models({"mine": tmp_path / "mine"}).tell("mine")["curves"]
    assert [curve["name"] for curve in curves] == ["loss", "motion"]
    assert curves[0]["points"][-1] == (10_000, 0.001)
    assert MOST_ROWS / 2 < len(curves[0]["points"]) <= MOST_ROWS
    assert load_curves(tmp_path / "mine", 0.002) == []
    assert load_curves(tmp_path / "mine", None) == []


def test_curves_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / LOSSES).write_text("{\n")
    with pytest.raises(BundleError, match=r"training/losses.jsonl cannot be read"):
        load_curves(tmp_path / "mine", 0.5)


def test_a_damaged_bundle_and_one_of_no_name_are_refused_in_words(tmp_path: Path) -> None:
    make_arm_bundle(ATTENTION).save(tmp_path / "mine")
    (tmp_path / "mine" / "config.json").write_text("{}")
    models = Models({"mine": tmp_path / "mine"})
    with pytest.raises(BundleError, match=r"config.json was altered"):
        models.tell("mine")
    with pytest.raises(UnknownNameError, match="did you mean 'mine'"):
        models.tell("mein")
