"""What is prepared once is what the pipeline would give every time, with statistics of the data it was fitted to."""

import numpy as np
import pytest
import torch

from millwright.core.errors import FeatureError
from millwright.policies.bundle import Bundle
from millwright.policies.networks import make_network
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.gripper import GripperSign
from millwright.processors.hand import HandAbsolute
from millwright.processors.text import EncodeText
from millwright.training.augment import ColourJitter
from millwright.training.gradient import FitConfig, fit
from millwright.training.losses import load_losses
from millwright.training.prepare import fit_pipeline, prepare
from tests.policies.makers import HAND_TARGET, INPUTS, PARTS, SMALL
from tests.training.tasks import make_square_raw

KEEP = ("crop", "region", "proprio")


def fitted(raw, **fields):
    arguments = {"target": "label.plan", "keep": KEEP, "chunk": 100, **fields}
    return fit_pipeline(raw, (PromptCrop(size=16), Concat(PARTS)), (HandAbsolute(),), **arguments)


def test_prepared_arrays_are_normalised_and_as_small_as_they_can_be():
    _, data = fitted(make_square_raw())
    assert data.arrays["crop"].dtype == np.uint8
    assert data.arrays["crop"].shape == (256, 3, 16, 16)
    np.testing.assert_allclose(data.arrays["target"].mean(0), 0, atol=1e-5)
    spread = data.arrays["target"].std(0)
    np.testing.assert_allclose(spread[:, :2], 1, atol=1e-5)
    np.testing.assert_allclose(spread[:, 2:], 0, atol=1e-5)  # constant: height, yaw, opening
    np.testing.assert_allclose(data.arrays["proprio"].mean(0), 0, atol=1e-5)


def test_steps_may_share_the_statistics_of_a_dimension():
    raw = make_square_raw()
    drift = np.linspace(0, 0.1, raw["label.plan"].shape[1], dtype=np.float32)
    raw = {**raw, "label.plan": raw["label.plan"] + drift[:, None] * np.eye(8, dtype=np.float32)[0]}
    _, data = fitted(raw, per_step=False)
    target = data.arrays["target"]
    assert abs(target[..., 0].mean()) < 1e-4
    assert abs(target[:, 0, 0].mean()) > 0.1
    np.testing.assert_allclose(target[..., :2].std((0, 1)), 1, atol=1e-4)


def test_the_fitted_pipeline_prepares_the_same_data_again():
    raw = make_square_raw(64)
    pipeline, data = fitted(raw)
    again = prepare(pipeline, raw, target="label.plan", keep=KEEP)
    for name, array in data.arrays.items():
        np.testing.assert_allclose(again.arrays[name], array, atol=1e-4 if array.dtype.kind == "f" else 1)


def test_undoing_the_prepared_target_gives_the_plan():
    raw = make_square_raw(32)
    pipeline, data = fitted(raw)
    batch = {name: torch.from_numpy(array) for name, array in raw.items()}
    action = pipeline.act(batch, torch.from_numpy(data.arrays["target"]))
    np.testing.assert_allclose(action, raw["label.plan"], atol=1e-5)


def test_names_that_nothing_makes_are_errors_that_list_what_there_is():
    raw = make_square_raw(4)
    with pytest.raises(FeatureError, match="nothing makes proprio; there are: crop, image"):
        fitted(raw, keep=("crop", "image"))
    with pytest.raises(FeatureError, match="nothing makes state; there are: crop, region, proprio"):
        fitted(raw, normalise=("state",))
    with pytest.raises(FeatureError, match=r"no array 'plan' to learn from; arrays: observation\.images\.wrist"):
        fitted(raw, target="plan")


def test_a_prompt_chunk_learns_to_find_the_square_and_its_bundle_plans_there(tmp_path):
    raw = make_square_raw()
    pipeline, data = fitted(raw)
    network = make_network("prompt-chunk", SMALL)
    config = FitConfig(samples=150 * 64, batch_size=64, lr=3e-3, warmup_samples=640, log_steps=10)
    fit(network, data, config, tmp_path, augment=ColourJitter(), progress=False)
    losses = [row["loss"] for row in load_losses(tmp_path)]
    assert losses[-1] < 0.4 * losses[0]
    planner = Bundle(network, pipeline, INPUTS, HAND_TARGET, 15.0, "squares", "").planner()
    observations = [{name: array[i] for name, array in raw.items()} for i in range(32)]
    chunks, _ = planner.plan(observations, [None] * 32)
    errors = [
        np.linalg.norm(chunk.actions[-1, :2] - plan[-1, :2])
        for chunk, plan in zip(chunks, raw["label.plan"], strict=False)
    ]
    assert np.median(errors) < 0.05


def test_what_is_remembered_is_prepared_from_the_first_sample_of_the_episode():
    raw, first = make_square_raw(12), np.repeat([0, 5], [5, 7])
    _, data = fitted(raw, keep=(*KEEP, "first.crop"), first=first)
    np.testing.assert_array_equal(data.arrays["first.crop"], data.arrays["crop"][first])
    with pytest.raises(FeatureError, match=r"first\.crop give `first`"):
        fitted(raw, keep=(*KEEP, "first.crop"))


def test_texts_are_encoded_once_each_and_looked_up_by_the_batch(monkeypatch):
    texts = np.array(["lift it", "drop it"] * 128, object)
    encode, asked = EncodeText.encode, []
    monkeypatch.setattr(EncodeText, "encode", lambda self, texts: asked.extend(texts) or encode(self, texts))
    raw = {**make_square_raw(), "task": texts}
    inputs = (EncodeText(encoder="hashed"), Concat(PARTS))
    pipeline, data = fit_pipeline(raw, inputs, (HandAbsolute(),), target="label.plan", keep=("text", "proprio"))
    assert sorted(asked) == ["drop it", "lift it"]
    assert data.tables["text"].shape == (2, 64)
    seen = pipeline.observe({name: torch.from_numpy(raw[name][:2]) for name, _ in PARTS} | {"task": texts[:2]})
    torch.testing.assert_close(data.batch(np.arange(2))["text"], seen["text"])


def test_texts_that_are_not_there_are_named():
    with pytest.raises(FeatureError, match="no array 'task' of texts to encode"):
        fit_pipeline(
            make_square_raw(), (EncodeText(encoder="hashed"),), (HandAbsolute(),), target="label.plan", keep=("text",),
            normalise=(),
        )  # fmt: skip


def test_what_is_a_probability_is_not_normalised():
    action = np.random.default_rng(0).normal(3, 2, (50, 4, 7)).astype(np.float32)
    action[..., 6] = np.sign(action[..., 6] - 3)
    raw = {"action": action, "observation.state": action[:, 0]}
    inputs = (Concat((("observation.state", ()),)),)
    pipeline, data = fit_pipeline(raw, inputs, (GripperSign(),), target="action", keep=("proprio",), plain=(6,))
    target = data.arrays["target"]
    np.testing.assert_array_equal(target[..., 6], action[..., 6] > 0)
    np.testing.assert_allclose(target[..., :6].mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(pipeline.act({}, torch.from_numpy(target)).numpy(), action, atol=1e-4)
