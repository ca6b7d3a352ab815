"""A pipeline comes back from its files as it was, and nothing passes through it unnoticed."""

import json

import pytest
import torch

from millwright.core.errors import FeatureError, UnknownNameError
from millwright.processors.concat import Concat
from millwright.processors.crop import PromptCrop
from millwright.processors.hand import HandAbsolute
from millwright.processors.normalise import Normalise, Statistics, Unnormalise, compute_statistics
from millwright.processors.pipeline import Pipeline
from millwright.processors.processor import Processor
from millwright.processors.resize import ResizeImage


@pytest.fixture
def pipeline():
    parts = (("observation.environment_state", (0, 1, 2, 3, 4, 5)), ("observation.hand_pose", (2,)))
    return Pipeline(
        (
            PromptCrop(size=16),
            ResizeImage(size=8),
            Concat(parts),
            Normalise("proprio", torch.randn(7), torch.ones(7), 5.0),
        ),
        (Unnormalise("target", torch.randn(4, 5), torch.rand(4, 5) + 0.1), HandAbsolute()),
    )


@pytest.fixture
def observations():
    generator = torch.Generator().manual_seed(1)
    quaternion = torch.randn(3, 4, generator=generator)
    return {
        "observation.images.wrist": torch.randint(0, 256, (3, 32, 32, 3), generator=generator, dtype=torch.uint8),
        "observation.environment_state": torch.rand(3, 6, generator=generator),
        "observation.hand_pose": torch.cat((torch.rand(3, 3, generator=generator), quaternion), 1),
    }


def test_a_pipeline_read_back_does_the_same(pipeline, observations):
    again = Pipeline.from_files(pipeline.to_files())
    assert again.to_files() == pipeline.to_files()
    for name, value in pipeline.observe(observations).items():
        assert torch.equal(again.observe(observations)[name], value)
    prediction = torch.randn(3, 4, 5)
    assert torch.equal(again.act(observations, prediction), pipeline.act(observations, prediction))


def test_the_target_of_an_action_is_what_gives_that_action(pipeline, observations):
    prediction = torch.rand(3, 4, 5) - 0.5  # no yaw that is more than half a turn, which would come back the other way
    action = pipeline.act(observations, prediction)
    torch.testing.assert_close(pipeline.aim(observations, action)["target"], prediction, atol=1e-4, rtol=1e-4)


def test_a_batch_given_is_not_changed(pipeline, observations):
    before = {name: value.clone() for name, value in observations.items()}
    pipeline.observe(observations)
    assert observations.keys() == before.keys()
    assert all(torch.equal(observations[name], before[name]) for name in before)


def test_declared_statistics_that_are_missing_are_an_error_on_reading(pipeline):
    files = pipeline.to_files()
    files["pipeline.safetensors"] = Pipeline((), pipeline.outputs).to_files()["pipeline.safetensors"]
    with pytest.raises(FeatureError, match=r"inputs\.3\.mean.*'proprio'.*holds only: outputs\.0\.mean"):
        Pipeline.from_files(files)


def test_a_declared_normaliser_without_its_field_is_an_error_on_reading(pipeline):
    files = pipeline.to_files()
    rows = json.loads(files["pipeline.json"])
    del rows["inputs"][3]["std"]
    with pytest.raises(FeatureError, match=r"normalise.*std"):
        Pipeline.from_files({**files, "pipeline.json": json.dumps(rows).encode()})


def test_an_unknown_processor_is_an_error_that_lists_the_known(pipeline):
    files = pipeline.to_files()
    text = files["pipeline.json"].replace(b"prompt-crop", b"prompt-crap")
    with pytest.raises(UnknownNameError, match="did you mean 'prompt-crop'"):
        Pipeline.from_files({**files, "pipeline.json": text})


def test_a_processor_without_a_row_in_the_table_cannot_be_written():
    class Mystery(Processor):
        def __call__(self, batch):
            return dict(batch)

    with pytest.raises(FeatureError, match=r"Mystery is in no table.*prompt-crop"):
        Pipeline((Mystery(),), ()).to_files()


@pytest.mark.parametrize("broken", [b"", b"{}", b"[1]", b'{"inputs": []}'])
def test_broken_files_are_a_feature_error(pipeline, broken):
    with pytest.raises(FeatureError, match="cannot be read"):
        Pipeline.from_files({**pipeline.to_files(), "pipeline.json": broken})


def test_statistics_refuse_what_would_divide_by_nothing():
    with pytest.raises(FeatureError, match="every std positive"):
        Statistics(torch.zeros(2), torch.tensor([1.0, 0.0]))
    with pytest.raises(FeatureError, match="finite"):
        Normalise("x", torch.tensor([torch.nan]), torch.ones(1))


def test_a_constant_dimension_is_centred_and_not_blown_up():
    statistics = compute_statistics(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))
    assert statistics.mean.tolist() == [2.0, 5.0]
    assert statistics.std.tolist() == [1.0, 1.0]


def test_statistics_are_those_of_numpy_per_step_and_dimension():
    values = torch.randn(50, 4, 3) * 7 + 2
    statistics = compute_statistics(values)
    torch.testing.assert_close(statistics.mean, values.mean(0))
    torch.testing.assert_close(statistics.std, values.std(0, correction=0))


def test_normalising_what_is_not_there_or_has_another_shape_is_an_error():
    normalise = Normalise("proprio", torch.zeros(3), torch.ones(3))
    with pytest.raises(FeatureError, match="no 'proprio'; it has state"):
        normalise({"state": torch.zeros(1, 3)})
    with pytest.raises(FeatureError, match=r"\(3,\), got \(4,\)"):
        normalise({"proprio": torch.zeros(1, 4)})


def test_a_limit_keeps_outliers_and_forbids_undoing():
    limited = Normalise("x", torch.zeros(1), torch.ones(1), limit=2.0)
    assert limited({"x": torch.tensor([[9.0]])})["x"].item() == 2.0
    with pytest.raises(FeatureError, match="cannot be undone"):
        limited.inverse()


def test_concat_takes_the_columns_in_the_order_asked_for():
    batch = {"a": torch.arange(6.0).view(1, 6), "b": torch.tensor([[9.0, 8.0]])}
    both = Concat((("a", (0, 1, 4, 2)), ("b", ())), to="both")(batch)["both"]
    assert both.tolist() == [[0, 1, 4, 2, 9, 8]]
    with pytest.raises(FeatureError, match="a has 6 columns; column 6"):
        Concat((("a", (6,)),))(batch)
