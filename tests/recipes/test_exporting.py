"""An export is kept only if it plans the same and succeeds no less often, and int8 only where it is faster too."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from millwright.core.errors import BundleError, OptionError
from millwright.core.planner import Chunk, Planner
from millwright.evaluation.result import EpisodeResult, Result
from millwright.policies.bundle import load_bundle as load_torch_bundle
from millwright.policies.folder import load_manifest
from millwright.policies.loading import load_bundle
from millwright.policies.onnx_bundle import OnnxBundle
from millwright.policies.onnx_export import export_onnx
from millwright.policies.onnx_int8 import quantise
from millwright.processors.gripper import GripperSign
from millwright.recipes import exporting
from millwright.recipes.exporting import Trial, check_agreement, export_bundle, find_signs, try_int8, try_out
from millwright.serving.triton import write_repository
from tests.policies.makers import make_bundle, make_observation

pytestmark = pytest.mark.timeout(400)  # the exporter is slow on a busy machine
SEEDS = range(5000, 5400)
ROOT = Path(__file__).parents[2]
FILMS = [[make_observation(10 * film + tick) for tick in range(4)] for film in range(2)]


@dataclass(frozen=True)
class MadeUp(Trial):
    """Nobody plays: bundles fail on as many seeds as is told of their precision (or of the original)."""

    failures: dict[str, int] = field(default_factory=dict)

    def play(self, folder: Path, env: str) -> Result:
        bundle = load_bundle(folder)
        failed = self.failures.get(getattr(bundle, "precision", "original"), 0)
        seeds = enumerate(self.seeds)
        rows = tuple(EpisodeResult(s, i >= failed, None if i >= failed else "miss", "t", {}) for i, s in seeds)
        about = {"env": env, "policy": folder.name, "policy_digest": load_manifest(folder).id}
        return Result(self.seeds, rows, about)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("original") / "mine"
    make_bundle().save(folder)
    return folder


@pytest.fixture(scope="module")
def export(original: Path) -> OnnxBundle:
    return export_onnx(load_torch_bundle(original))


@pytest.fixture(scope="module")
def small(export: OnnxBundle) -> OnnxBundle:
    return quantise(export, FILMS)


def tell(text: str) -> None:
    said.append(text)


said: list[str] = []


def test_an_accepted_export_is_written_with_what_its_trial_found(original, export, tmp_path):
    out = tmp_path / "mine-onnx"
    try_out(original, out, [(export, 1e-5)], MadeUp(SEEDS, failures={"fp32": 1}), keep=False, say=tell)
    found = load_manifest(out).accepted
    assert found is not None
    assert (found["accepted"], found["successes"], found["original_successes"]) == (True, 399, 400)
    assert (found["only_original"], found["only_export"], found["seeds"]) == (1, 0, "5000:5400")
    assert found["p_value"] < 0.025
    assert load_bundle(out, accepted=True).planner().digest == export.manifest.id
    assert "399/400 episodes" in (out / "card.md").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mine-onnx"]


def test_a_refused_export_leaves_nothing_unless_it_is_to_be_kept_and_then_nobody_serves_it(original, export, tmp_path):
    out = tmp_path / "mine-onnx"
    trial = MadeUp(SEEDS, failures={"fp32": 20})
    with pytest.raises(BundleError, match=r"380 of 400, the original in 400 .* Nothing was written"):
        try_out(original, out, [(export, 1e-5)], trial, keep=False, say=tell)
    assert not list(tmp_path.iterdir())
    try_out(original, out, [(export, 1e-5)], trial, keep=True, say=tell)
    with pytest.raises(BundleError, match="--unaccepted"):
        load_bundle(out, accepted=True)
    assert load_bundle(out).make_manifest().accepted["accepted"] is False  # type: ignore[index]


@pytest.mark.parametrize("keep", [False, True])
def test_where_int8_is_worse_single_precision_is_taken(original, export, small, tmp_path, keep):
    trial = MadeUp(SEEDS, failures={"int8": 40})
    taken = try_out(original, tmp_path / "e", [(small, 0.01), (export, 1e-5)], trial, keep=keep, say=tell)
    assert taken.precision == load_bundle(tmp_path / "e").precision == "fp32"  # type: ignore[union-attr]


def test_int8_counts_in_eight_bits_inside_the_network_alone_and_plans_nearly_the_same(original, export, small):
    graph = onnx.load_from_string(small.model).graph
    assert any(node.op_type == "DequantizeLinear" for node in graph.node)
    assert small.manifest.id != export.manifest.id
    assert (small.precision, small.manifest.accepted) == ("int8", None)
    planner = load_torch_bundle(original).planner()
    assert 0 < check_agreement(planner, small, FILMS) < 0.1


@pytest.mark.parametrize(("int8_us", "taken"), [(50.0, True), (95.0, False)])
def test_int8_is_tried_only_where_it_is_faster(original, export, small, monkeypatch, int8_us, taken):
    monkeypatch.setattr(exporting, "quantise", lambda bundle, films: small)
    costs = iter([100.0, int8_us] * exporting.ROUNDS)
    monkeypatch.setattr(exporting, "measure_us", lambda planner, one: next(costs))
    assert (try_int8(export, load_torch_bundle(original).planner(), FILMS, (), tell) is not None) == taken
    assert f"{int8_us:.0f} us of CPU in int8, 100 us in fp32" in said[-1]


def test_an_export_that_plans_otherwise_is_refused(export):
    other = make_bundle(seed=1).planner()
    with pytest.raises(BundleError, match=r"plans otherwise: .* apart; 0\.001 is allowed"):
        check_agreement(other, export, FILMS)


class Saying(Planner):
    """Plans what it was given, call by call."""

    precision = "fp32"

    def __init__(self, actions):
        self.actions = iter(actions)

    def planner(self):
        return self

    def plan(self, observations, memories):
        return [Chunk(next(self.actions), 20.0)], list(memories)


def agree(wanted, found):
    films = [[{} for _ in wanted]]
    return check_agreement(Saying(wanted), Saying(found), films, signs=(1,))  # type: ignore[arg-type]


def test_signs_are_counted_and_a_near_tie_does_not_refuse_an_export():
    wanted = np.zeros((1000, 4, 2), np.float32)
    wanted[..., 1] = 1
    found = wanted + np.float32([5e-4, 0])
    found[:4, 0, 1] = -1
    assert agree(wanted, found) == pytest.approx(5e-4)
    found[:, 3, 1] = -1
    with pytest.raises(BundleError, match=r"opens or closes otherwise: in 74\.90% of actions .*; 99\.9% is asked for"):
        agree(wanted, found)
    with pytest.raises(BundleError, match="nan apart"):
        agree(wanted, np.full_like(wanted, np.nan))


def test_the_gripper_s_sign_is_found_in_the_pipeline(original):
    bundle = load_torch_bundle(original)
    assert find_signs(bundle) == ()
    outputs = (*bundle.pipeline.outputs, GripperSign(column=4))
    assert find_signs(replace(bundle, pipeline=replace(bundle.pipeline, outputs=outputs))) == (4,)


def test_whole_exports_are_written_untried_only_when_that_is_said(original, export, small, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "export_onnx", lambda bundle: export)
    monkeypatch.setattr(exporting, "film", lambda folder, export, options: FILMS)
    export_bundle(original, tmp_path / "e", None, say=tell)
    assert load_manifest(tmp_path / "e").accepted is None
    monkeypatch.setattr(exporting, "try_int8", lambda export, planner, films, signs, say: (small, 0.01))
    assert export_bundle(original, tmp_path / "e", None, int8=True, say=tell).precision == "int8"
    make_bundle(seed=1).save(tmp_path / "another")
    for taken in (original, original.parent, tmp_path, tmp_path / "another"):
        with pytest.raises(OptionError, match="--out"):
            export_bundle(original, taken, None, say=tell)
    with pytest.raises(OptionError, match="margin"):
        Trial(SEEDS, margin=0.0)


def test_a_repository_for_triton_holds_an_accepted_export(original, export, tmp_path):
    trial: Any = MadeUp(SEEDS)
    try_out(original, tmp_path / "mine-onnx", [(export, 1e-5)], trial, keep=False, say=tell)
    model = write_repository(tmp_path / "mine-onnx", tmp_path / "models")
    assert sorted(str(path.relative_to(tmp_path)) for path in model.rglob("*") if path.is_file()) == [
        "models/mine-onnx/1/model.onnx", "models/mine-onnx/config.pbtxt",
    ]  # fmt: skip
    text = (model / "config.pbtxt").read_text()
    assert 'name: "observation.images.wrist" data_type: TYPE_UINT8 dims: [ 64, 64, 3 ]' in text
    assert 'name: "action" data_type: TYPE_FP32 dims: [ 4, 8 ]' in text
    assert export.manifest.id in text
    assert (model / "1" / "model.onnx").read_bytes() == export.model
    (tmp_path / "models" / "notes").mkdir()
    with pytest.raises(OptionError, match="no model of Triton's"):
        write_repository(tmp_path / "mine-onnx", tmp_path / "models", name="notes")


@pytest.mark.slow  # it makes an environment of its own: Triton's protobuf is older than ours
def test_tritons_own_protobuf_reads_the_repository_and_no_other(original, export, tmp_path):
    trial: Any = MadeUp(SEEDS)
    try_out(original, tmp_path / "mine-onnx", [(export, 1e-5)], trial, keep=False, say=tell)
    config = write_repository(tmp_path / "mine-onnx", tmp_path / "models") / "config.pbtxt"
    command = ["bash", str(ROOT / "scripts" / "check_triton.sh"), str(tmp_path / "models")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "mine-onnx" in done.stdout
    config.write_text(config.read_text().replace("dynamic_batching", "dynamic_batchin"))
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "dynamic_batchin" in refused.stderr
    assert refused.returncode != 0


def test_triton_takes_neither_an_original_nor_what_was_not_accepted(original, export, tmp_path):
    export.save(tmp_path / "untried")
    with pytest.raises(BundleError, match="no trial found"):
        write_repository(tmp_path / "untried", tmp_path / "models")
    with pytest.raises(BundleError, match="--to onnx` first"):
        write_repository(original, tmp_path / "models")


def test_the_manifest_is_json_that_numbers_of_numpy_do_not_spoil(original, export, tmp_path):
    found = MadeUp(SEEDS).compare(*(MadeUp(SEEDS).play(original, "brick-table") for _ in range(2)))
    assert not any(isinstance(value, np.generic) for value in found.values())
    json.dumps(found)
