"""What driving adds to pipelines: where the road is not, and commands within bounds."""

import torch

from millwright.processors.clip import Clip
from millwright.processors.road import RoadMask


def test_grass_is_one_road_and_car_are_zero():
    picture = torch.zeros(1, 64, 64, 3, dtype=torch.uint8)
    picture[:] = torch.tensor([100, 202, 100], dtype=torch.uint8)
    picture[:, :, 20:40] = torch.tensor([105, 105, 105], dtype=torch.uint8)
    picture[:, 50:58, 30:34] = torch.tensor([204, 0, 0], dtype=torch.uint8)
    mask = RoadMask()({"observation.images.front": picture})["image"]
    assert mask.shape == (1, 1, 32, 32)
    assert mask[0, 0, 0].tolist() == [1.0] * 10 + [0.0] * 10 + [1.0] * 12
    assert not mask[0, 0, 25:29, 15:17].any()


def test_commands_are_clipped_and_targets_are_what_they_were():
    clip = Clip((-1.0, 0.0), (1.0, 1.0))
    batch = clip({"target": torch.tensor([[[-2.0, -0.5], [0.5, 3.0]]])})
    assert batch["action"].tolist() == [[[-1.0, 0.0], [0.5, 1.0]]]
    assert clip.inverse()({"action": batch["action"]})["target"].tolist() == batch["action"].tolist()
