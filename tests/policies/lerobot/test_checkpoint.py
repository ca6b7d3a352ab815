"""A folder of LeRobot's is read without LeRobot, told in our terms, and refused where it could run code or mislead."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from millwright.core.errors import BundleError, OptionError
from millwright.policies.lerobot.checkpoint import describe_inputs, load_checkpoint
from tests.policies.lerobot.folders import ACTION, INPUTS, STATE, TOP, WRIST, change, write, write_steps

BEFORE, AFTER = "policy_preprocessor.json", "policy_postprocessor.json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "mine")


def test_features_are_told_in_our_terms(folder: Path) -> None:
    seen = describe_inputs(load_checkpoint(folder), {})
    assert {name: (feature.shape, feature.dtype) for name, feature in seen.items()} == {
        TOP: ((24, 32, 3), "uint8"),
        WRIST: ((16, 16, 3), "uint8"),
        STATE: ((2,), "float32"),
    }


def test_a_feature_goes_by_the_name_that_it_is_given(folder: Path) -> None:
    seen = describe_inputs(load_checkpoint(folder), {"observation.images.agentview": TOP})
    assert list(seen) == ["observation.images.agentview", WRIST, STATE]


@pytest.mark.parametrize(("kind", "reads"), [("act", False), ("diffusion", False), ("smolvla", True), ("pi05", True)])
def test_a_policy_that_reads_is_told_the_task(tmp_path: Path, kind: str, reads: bool) -> None:
    seen = describe_inputs(load_checkpoint(write(tmp_path / kind, kind)), {})
    assert ("task" in seen and seen["task"].is_text) == reads


def test_cameras_that_a_policy_makes_up_itself_are_not_asked_for(tmp_path: Path) -> None:
    made_up = {"observation.images.empty_camera_0": {"type": "VISUAL", "shape": [3, 480, 640]}}
    folder = write(tmp_path / "vla", "smolvla", input_features={**INPUTS, **made_up})
    assert list(describe_inputs(load_checkpoint(folder), {})) == [*INPUTS, "task"]


@pytest.mark.parametrize(
    ("rename", "told"),
    [
        ({"observation.images.left": "observation.images.lost"}, f"its features: {TOP}, {WRIST}, {STATE}"),
        ({"a": TOP, "b": TOP}, "each once"),
        ({WRIST: TOP}, "one name"),
    ],
)
def test_a_name_that_fits_nothing_is_refused(folder: Path, rename: dict[str, str], told: str) -> None:
    with pytest.raises(OptionError, match=told):
        describe_inputs(load_checkpoint(folder), rename)


@pytest.mark.parametrize("feature", [{"type": "VISUAL", "shape": [1, 24, 32]}, {"type": "LANGUAGE", "shape": [48]}])
def test_what_no_robot_shows_is_refused(tmp_path: Path, feature: dict[str, object]) -> None:
    folder = write(tmp_path / "mine", input_features={**INPUTS, "observation.more": feature})
    with pytest.raises(BundleError, match=r"observation.more: no robot here shows"):
        describe_inputs(load_checkpoint(folder), {})


def test_the_digest_changes_with_a_statistic(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    assert load_checkpoint(other).digests == load_checkpoint(folder).digests
    write_steps(other, "policy_postprocessor", "unnormalizer_processor", ACTION, ("action", "more"))
    assert load_checkpoint(other).digests != load_checkpoint(folder).digests


@pytest.mark.parametrize("name", ["pytorch_model.bin", "old/weights.PT", "model.ckpt", "stats.pkl"])
def test_what_may_be_a_pickle_is_refused_in_words(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(b"")
    with pytest.raises(BundleError, match=rf"holds {name}: such files may be pickles.*safetensors"):
        load_checkpoint(folder)


def test_a_pickle_where_the_weights_should_be_is_refused_as_one(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(BundleError, match=r"pytorch_model.bin: such files may be pickles"):
        load_checkpoint(folder)


def test_a_pickle_beside_it_in_a_model_that_it_names_is_refused(tmp_path: Path) -> None:
    vlm = tmp_path / "vlm"
    vlm.mkdir()
    (vlm / "pytorch_model.bin").write_bytes(b"")
    with pytest.raises(BundleError, match=r"vlm holds pytorch_model.bin"):
        load_checkpoint(write(tmp_path / "mine", "smolvla", vlm_model_name=str(vlm)))


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing is there": (lambda f: shutil.rmtree(f), "hf download REPO --local-dir"),
    "no configuration": (lambda f: (f / "config.json").unlink(), "config.json missing"),
    "no processors": (lambda f: (f / BEFORE).unlink(), "migrate_policy_normalization"),
    "no JSON": (lambda f: (f / "config.json").write_text("{"), "config.json is no JSON"),
    "another's configuration": (lambda f: change(f / "config.json", lambda v: v.pop("input_features")), "input_featu"),
    "an adapter": (lambda f: change(f / "config.json", lambda v: v.update(use_peft=True)), "merge it"),
    "no window": (lambda f: change(f / "config.json", lambda v: v.update(n_obs_steps="2")), "n_obs_steps='2'"),
    "a normaliser of nothing": (
        lambda f: change(f / BEFORE, lambda v: v["steps"][1]["config"].update(features={"a": {}})),
        "normalizer_processor is not LeRobot",
    ),
    "steps that are none": (lambda f: change(f / AFTER, lambda v: v.update(steps=3)), "no list of steps"),
    "a step that is any class": (
        lambda f: change(f / AFTER, lambda v: v["steps"].append({"class": "subprocess.Popen", "config": {}})),
        r"subprocess.Popen.*import and call",
    ),
    "code of the hub's": (
        lambda f: change(f / BEFORE, lambda v: v["steps"][0]["config"].update(trust_remote_code=True)),
        "runs code from the hub",
    ),
    "a file outside": (
        lambda f: change(f / BEFORE, lambda v: v["steps"][1].update(state_file="../mine/model.safetensors")),
        "missing, or not in the folder",
    ),
    "statistics that are none": (
        lambda f: (f / "policy_postprocessor_step_1_unnormalizer_processor.safetensors").write_bytes(b"123"),
        "no safetensors file",
    ),
    "a state without statistics": (
        lambda f: write_steps(f, "policy_preprocessor", "normalizer_processor", {**INPUTS, **ACTION}, ("action",)),
        f"no statistics of {STATE}, and would pass it on",
    ),
    "an action without statistics": (
        lambda f: change(f / AFTER, lambda v: v["steps"][1].pop("state_file")), "no statistics of action",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_folder_that_cannot_be_trusted_is_refused(folder: Path, fault: str) -> None:
    spoil, told = FAULTS[fault]
    spoil(folder)
    with pytest.raises(BundleError, match=told):
        load_checkpoint(folder)


def test_words_in_the_configuration_are_no_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here.pt").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    load_checkpoint(write(tmp_path / "mine", note="", prompt="word " * 1000))


def test_a_step_of_a_training_names_the_folder_that_is_meant(tmp_path: Path) -> None:
    write(tmp_path / "000100" / "pretrained_model")
    with pytest.raises(BundleError, match=r"000100/pretrained_model"):
        load_checkpoint(tmp_path / "000100")
