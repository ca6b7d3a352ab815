"""An exported bundle plans as the one it was made of, memory and words included, and needs no torch."""

import subprocess
import sys
from functools import partial

import numpy as np
import onnx
import pytest

from millwright.catalog import SHIPPED, list_shipped
from millwright.core.errors import BundleError, FeatureError
from millwright.core.features import Feature, Features
from millwright.policies.bundle import Bundle
from millwright.policies.bundle import load_bundle as load_torch_bundle
from millwright.policies.golden import make_observation as make_golden_observation
from millwright.policies.loading import load_bundle
from millwright.policies.networks import make_network
from millwright.policies.onnx_export import export_onnx
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.gripper import GripperSign
from millwright.processors.hand import HandAbsolute
from millwright.processors.pipeline import Pipeline
from millwright.processors.resize import ResizeImage
from millwright.processors.text import EncodeText
from millwright.processors.window import Window
from tests.policies.makers import HAND_TARGET, INPUTS, PARTS, make_bundle, make_observation

pytestmark = pytest.mark.timeout(400)  # the exporter is slow on a busy machine
TOLERANCE = 1e-3
"""m, rad and parts of quaternions: a pixel whose colour lies between two numbers may be rounded either way."""

TRIAL = {
    "accepted": True, "margin": 0.02, "seeds": "0:500", "episodes": 500, "successes": 499, "original_successes": 500,
    "interval": [-0.01, 0.008], "p_value": 0.001,
}  # fmt: skip


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported") / "brick-pick-onnx"
    export_onnx(make_bundle()).save(folder)
    return folder


def make_two_eyes():
    """Goes on reading its first crop."""
    sizes = {"channels": (4, 8), "crop_size": 16, "hand_size": 16, "proprio_widths": (8,), "head_widths": (16,)}
    pipeline = Pipeline((PromptCrop(size=16), Window(size=16), Concat(PARTS)), (HandAbsolute(),))
    network = make_network("two-eyes", {**sizes, "length": 4, "proprio": 8})
    return Bundle(network, pipeline, INPUTS, HAND_TARGET, 15.0, "brick-table", "lift")


def make_vla():
    """Reads words, and its numbers of the call before."""
    image = "observation.images.wrist"
    inputs = Features(
        Feature(image, (32, 32, 3), "uint8"), Feature("observation.state", (7,)), Feature("task", (), "string")
    )
    pipeline = Pipeline(
        (ResizeImage(image, 16, "wrist"), EncodeText(encoder="hashed"), Concat((("observation.state", ()),))),
        (GripperSign(),),
    )
    sizes = {"cameras": ("wrist",), "image_size": 16, "channels": (4, 8), "text": 64, "film_width": 8, "film_layers": 2}
    network = make_network("vla", {**sizes, "proprio": 7, "head_widths": (16,), "length": 4, "recent": 3})
    return Bundle(network, pipeline, inputs, Feature("action", (7,)), 20.0, "lift", "lift")


def see(bundle, seed):
    seen = make_observation(seed)
    side = bundle.inputs["observation.images.wrist"].shape[0]
    said = ("lift the red cube", "lift the blue ball")[seed % 3 == 0]
    return {**seen, "observation.images.wrist": seen["observation.images.wrist"][:side, :side].copy(), "task": said}


def play_both(bundle, export, robots=2, calls=4):
    """Chunks of both planners over a few calls, in which robots come and go: one begins anew in the third."""
    ours, theirs = bundle.planner(), export.planner()
    kept, held = [None] * robots, [None] * robots
    for call in range(calls):
        seen = [see(bundle, 10 * call + robot) for robot in range(robots)]
        if call == 2:
            kept[0] = held[0] = None
        wanted, kept = ours.plan(seen, kept)
        found, held = theirs.plan(seen, held)
        yield from zip(wanted, found, strict=True)


def test_an_export_plans_the_same_alone_and_for_many(exported):
    bundle, export = make_bundle(), load_bundle(exported)
    for robots in (1, 3):
        for wanted, found in play_both(bundle, export, robots):
            np.testing.assert_allclose(found.actions, wanted.actions, atol=TOLERANCE)
            assert (found.rate_hz, found.digest) == (15.0, export.manifest.id)
            assert found.actions.dtype == np.float32


@pytest.mark.parametrize("make", [make_two_eyes, make_vla])
def test_what_is_remembered_goes_through_the_graph(make):
    bundle = make()
    export = export_onnx(bundle)
    assert {node.name for node in onnx.load_from_string(export.model).graph.input} >= {"memory.begun"}
    for wanted, found in play_both(bundle, export):
        np.testing.assert_allclose(found.actions, wanted.actions, atol=TOLERANCE)


def test_an_export_is_a_bundle(exported):
    manifest = load_bundle(exported).make_manifest()
    original = make_bundle().make_manifest()
    assert (manifest.runtime, manifest.network, manifest.env) == ("onnx", original.network, original.env)
    assert manifest.lineage == {**original.lineage, "exported_from": original.id}
    card = (exported / "card.md").read_text()
    assert "runtime**: `onnx`" in card
    assert "chunks of `hand_target` (8,) at 15 Hz" in card


def test_its_bytes_name_no_folder(exported):
    content = (exported / "model.onnx").read_bytes()
    assert b"site-packages" not in content
    assert b".py" not in content


@pytest.mark.parametrize("name", ["model.onnx", "config.json"])
def test_an_altered_file_is_named(exported, name):
    content = (exported / name).read_bytes()
    try:
        (exported / name).write_bytes(content + b" ")
        with pytest.raises(BundleError, match=f"{name} was altered"):
            load_bundle(exported)
    finally:
        (exported / name).write_bytes(content)


def test_what_needs_the_network_says_that_an_export_has_none(exported):
    with pytest.raises(BundleError, match="an export for onnx, without the network"):
        load_torch_bundle(exported)


def test_an_export_that_was_not_tried_is_not_taken_into_service(exported, tmp_path):
    with pytest.raises(BundleError, match="no trial found to be as good"):
        load_bundle(exported, accepted=True)
    load_bundle(exported).accept({**TRIAL, "accepted": False}).save(tmp_path / "worse")
    with pytest.raises(BundleError, match="no trial found to be as good"):
        load_bundle(tmp_path / "worse", accepted=True)
    load_bundle(exported).accept(TRIAL).save(tmp_path / "as-good")
    again = load_bundle(tmp_path / "as-good", accepted=True)
    assert again.manifest.id == load_bundle(exported).manifest.id
    assert "yes: 499 of 500 on seeds 0:500, the original 500" in (tmp_path / "as-good" / "card.md").read_text()
    assert "NO: 499" in (tmp_path / "worse" / "card.md").read_text()


def test_noise_that_what_is_seen_decides_is_refused_and_none_is_not():
    pipeline = Pipeline((PromptCrop(size=16), Concat(PARTS)), (HandAbsolute(),))
    sizes = {"image_size": 16, "channels": (4, 8), "proprio": 8, "length": 4, "widths": (8, 16), "condition": 8}
    network = make_network("flow", {**sizes, "steps": 1})
    bundle = Bundle(network, pipeline, INPUTS, HAND_TARGET, 15.0, "brick-table", "lift")
    with pytest.raises(BundleError, match=r"flow draws its noise .* export with temperature=0"):
        export_onnx(bundle)


def test_a_wrong_observation_is_refused_as_ever(exported):
    planner = load_bundle(exported).planner()
    seen = {**make_observation(), "observation.state": np.full(7, np.nan, np.float32)}
    with pytest.raises(FeatureError, match=r"observation\.state: has values that are not finite"):
        planner.plan([seen], [None])


def test_a_graph_that_is_none_is_a_damaged_bundle(exported):
    from millwright.policies.onnx_planner import make_session

    with pytest.raises(BundleError, match="does not take the graph"):
        make_session(b"not a graph", 1)


def test_an_export_is_loaded_checked_and_planned_with_without_torch(exported):
    code = f"""
import sys
from functools import partial
from millwright.catalog import TASKS
from millwright.serving.golden import check_planner
from millwright.policies.golden import make_observation as make_golden_observation
from millwright.policies.loading import load_bundle
from millwright.policies.onnx_planner import OnnxPlanner
planner = load_bundle({str(exported)!r}).planner()
assert check_planner(planner, "export", 4).chunk_length == 4
print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False"


CROPPED = Pipeline((PromptCrop(size=32), Concat(PARTS)), (HandAbsolute(),))
STILL = {"proprio": 8, "temperature": 0.0, "steps": 2}


def make_looking_back():
    """Attends to words and to what earlier frames showed."""
    image = "observation.images.wrist"
    inputs = Features(*INPUTS.values(), Feature("task", (), "string"))
    texts = EncodeText(encoder="hashed", words=4)
    inside = (ResizeImage(image, 32, "wrist"), texts, Concat((("observation.state", ()),)))
    sizes = {"cameras": ("wrist",), "image_size": 32, "channels": (4, 8, 16), "text": 64, "words": 4, "hidden": 32}
    parts = {"fusion": "attention", "heads": 2, "history": 3, "decoder": "transformer", "width": 32, "blocks": 2}
    network = make_network("vla", {**sizes, **parts, "proprio": 7, "length": 4})
    return Bundle(network, Pipeline(inside, (GripperSign(),)), inputs, Feature("action", (7,)), 20.0, "lift", "lift")


def make_pointing():
    """Words ask for what lies in its picture."""
    image = "observation.images.wrist"
    inputs = Features(*INPUTS.values(), Feature("task", (), "string"))
    inside = (ResizeImage(image, 32, "wrist"), EncodeText(encoder="hashed", words=4), Concat(PARTS))
    sizes = {"cameras": ("wrist",), "image_size": 32, "channels": (4, 8, 16, 16), "text": 64, "words": 4}
    network = make_network("vla", {**sizes, "fusion": "pointing", "query": 8, "proprio": 8, "length": 4})
    return Bundle(network, Pipeline(inside, (GripperSign(),)), inputs, Feature("action", (7,)), 20.0, "lift", "lift")


def make_routed(routing):
    box = Concat((("observation.environment_state", (0, 1, 2, 3)),), to="box")
    pipeline = Pipeline((ResizeImage("observation.images.wrist", 32), box, Concat(PARTS)), (HandAbsolute(),))
    sizes = {"image_size": 32, "channels": (4, 8), "proprio": 8}
    network = make_network("routed-chunk", {**sizes, "routing": routing})
    return Bundle(network, pipeline, INPUTS, HAND_TARGET, 15.0, "brick-table", "lift")


def make_cropped(name, fields):
    return Bundle(make_network(name, fields), CROPPED, INPUTS, HAND_TARGET, 15.0, "brick-table", "lift")


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        partial(make_cropped, "act", {"proprio": 8}),
        partial(make_cropped, "flow", STILL),
        partial(make_cropped, "diffusion", STILL),
        make_looking_back,
        make_pointing,
        *(partial(make_routed, routing) for routing in ("token", "overlay", "mask", "attention")),
    ],
)
def test_every_network_exports(make):
    bundle = make()
    for wanted, found in play_both(bundle, export_onnx(bundle), robots=3):
        np.testing.assert_allclose(found.actions, wanted.actions, atol=TOLERANCE)


@pytest.mark.slow
@pytest.mark.parametrize("name", list_shipped())
def test_shipped_bundles_export(name):
    bundle = load_torch_bundle(SHIPPED / name)
    theirs, ours = export_onnx(bundle).planner(), bundle.planner()
    kept = held = [None, None]
    for seed in range(3):
        seen = [make_golden_observation(bundle.inputs, 2 * seed + robot) for robot in range(2)]
        (wanted, kept), (found, held) = ours.plan(seen, kept), theirs.plan(seen, held)
        for one, other in zip(wanted, found, strict=True):
            np.testing.assert_allclose(other.actions, one.actions, atol=TOLERANCE)
