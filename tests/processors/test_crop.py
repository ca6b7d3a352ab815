"""The crop around a prompt shows what the box holds, wherever the box is."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from millwright.core.errors import FeatureError
from millwright.processors.crop import PromptCrop
from millwright.processors.resize import ResizeImage

IMAGE, BOX = "observation.images.wrist", "observation.environment_state"
unit = st.floats(-0.5, 1.5)


def crop_of(image, box, **fields):
    batch = {IMAGE: torch.as_tensor(image)[None], BOX: torch.tensor([[*box, 1.0, 0.0]], dtype=torch.float32)}
    result = PromptCrop(**{"size": 48, "scale": 3.0, **fields})(batch)
    return result["crop"][0], result["region"][0]


@settings(max_examples=50, deadline=None)
@given(unit, unit, st.floats(0.001, 1), st.floats(0.001, 1))
def test_the_crop_s_centre_is_the_box_s_and_its_side_stays_within_limits(x, y, width, height):
    _, region = crop_of(np.zeros((32, 32, 3), np.uint8), (x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    np.testing.assert_allclose(region[:2], (2 * x - 1, 2 * y - 1), atol=1e-5)
    np.testing.assert_allclose(region[2:], np.clip(3 * max(width, height), 0.2, 0.8), rtol=1e-5)


def test_a_crop_as_large_as_its_pixels_is_a_plain_cut():
    image = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    crop, _ = crop_of(image, (44 / 128, 54 / 128, 60 / 128, 62 / 128))  # 16 px wide: a square of 48 around (52, 58)
    np.testing.assert_array_equal(crop.permute(1, 2, 0), image[34:82, 28:76])


def test_the_brick_in_the_box_is_in_the_middle_of_the_crop_of_an_oblong_image():
    image = np.zeros((60, 120, 3), np.uint8)
    image[20:30, 80:90] = 255
    crop, region = crop_of(image, (80 / 120, 20 / 60, 90 / 120, 30 / 60))
    white = torch.nonzero(crop[0] > 127).float()
    np.testing.assert_allclose(white.mean(0), (23.5, 23.5), atol=0.5)
    assert len(white) == pytest.approx(16 * 16, rel=0.1)  # a third of the side
    np.testing.assert_allclose(region[2:] * torch.tensor([120, 60]), (30, 30))


def test_what_lies_outside_the_image_is_black():
    crop, _ = crop_of(np.full((64, 64, 3), 200, np.uint8), (-0.1, 0.4, 0.1, 0.6))
    assert (crop[:, :, :20] == 0).all()
    assert (crop[:, :, 28:] == 200).all()


def test_a_batch_is_cropped_as_its_samples_are():
    generator = torch.Generator().manual_seed(0)
    batch = {
        IMAGE: torch.randint(0, 256, (7, 64, 64, 3), generator=generator, dtype=torch.uint8),
        BOX: torch.rand((7, 6), generator=generator),
    }
    together = PromptCrop()(batch)
    for i in range(7):
        alone = PromptCrop()({name: value[i : i + 1] for name, value in batch.items()})
        torch.testing.assert_close(alone["region"][0], together["region"][i])
        assert (alone["crop"][0].int() - together["crop"][i].int()).abs().max() <= 1  # sums in another order


def test_a_missing_box_is_an_error_that_names_what_is_there():
    with pytest.raises(FeatureError, match=rf"no '{BOX}'; it has {IMAGE}"):
        PromptCrop()({IMAGE: torch.zeros((1, 8, 8, 3), dtype=torch.uint8)})


def test_an_image_that_is_as_small_as_asked_for_stays_as_it_is():
    image = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), np.uint8))
    small = ResizeImage(size=8)({IMAGE: image})["image"]
    assert small.dtype == torch.uint8
    assert small.is_contiguous()
    np.testing.assert_array_equal(small, image.permute(0, 3, 1, 2))


def test_a_small_image_is_the_mean_of_areas():
    image = torch.zeros((1, 96, 96, 3), dtype=torch.uint8)
    image[:, ::2] = 200
    small = ResizeImage(size=48)({IMAGE: image})["image"]
    assert small.shape == (1, 3, 48, 48)
    assert (small == 100).all()
