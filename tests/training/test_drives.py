"""What world models learn from: mirrored, written, cut into sequences."""

import numpy as np
import pytest
import torch

from millwright.core.errors import TrainingError
from millwright.training.drives import Drive, SequenceData, encode_drives, find_off_road, load_drives, save_drives
from millwright.world_models.vae import Vae, VaeConfig


def make_drive(steps, seed=0):
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return rng.random(shape, np.float32)

    pictures = rng.integers(0, 256, (steps + 1, 1, 32, 32), dtype=np.uint8)
    return Drive(pictures, draw(steps + 1, 7), draw(steps, 3), draw(steps), draw(steps), draw(steps))


def test_a_mirror_turns_left_into_right_and_back():
    drive = make_drive(4)
    mirrored = drive.mirror()
    np.testing.assert_array_equal(mirrored.pictures[0, 0, :, 0], drive.pictures[0, 0, :, -1])
    np.testing.assert_array_equal(mirrored.actions, drive.actions * (-1, 1, 1))
    speed, left, right, rear_left, rear_right, steering, gyro = drive.scalars[2]
    np.testing.assert_array_equal(mirrored.scalars[2], [speed, right, left, rear_right, rear_left, -steering, -gyro])
    for name, value in vars(mirrored.mirror()).items():
        np.testing.assert_array_equal(value, getattr(drive, name))


def test_drives_are_read_as_they_were_written(tmp_path):
    drives = [make_drive(3), make_drive(5, 1)]
    save_drives(drives, tmp_path / "drives.npz")
    for one, other in zip(load_drives(tmp_path / "drives.npz"), drives, strict=True):
        for name, value in vars(one).items():
            np.testing.assert_array_equal(value, getattr(other, name))
    (tmp_path / "drives.npz").write_bytes((tmp_path / "drives.npz").read_bytes()[:1000])
    with pytest.raises(TrainingError, match="drive them again"):
        load_drives(tmp_path / "drives.npz")


def test_a_sequence_ends_with_its_drive():
    drives = [make_drive(3), make_drive(5, 1)]
    latents = [torch.from_numpy(drive.scalars) for drive in drives]
    data = SequenceData(drives, latents, 4)
    assert data.num_samples == 8
    batch = data.batch(np.array([1, 3, 7]))
    assert batch["weight"].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]]
    torch.testing.assert_close(batch["latents"][0, :3], latents[0][1:4])
    torch.testing.assert_close(batch["latents"][1], latents[1][:5])
    torch.testing.assert_close(batch["latents"][2, :2], latents[1][4:6])
    for name in ("actions", "tiles", "off_road", "done"):
        np.testing.assert_array_equal(batch[name][1], getattr(drives[1], name)[:4])
        np.testing.assert_array_equal(batch[name][0, :2], getattr(drives[0], name)[1:])


def test_a_drive_is_encoded_as_means_with_the_scalars_beside_them():
    torch.manual_seed(0)
    vae, drive = Vae(VaeConfig()), make_drive(2)
    (latents,) = encode_drives(vae, [drive])
    torch.testing.assert_close(latents[:, :32], vae.encode(torch.from_numpy(drive.pictures))[0].detach())
    np.testing.assert_array_equal(latents[:, 32:], drive.scalars)


def test_all_of_the_ground_around_the_car_counts():
    pictures = np.zeros((2, 1, 32, 32), np.uint8)
    pictures[1, 0, 25:30, 15] = 255
    assert find_off_road(pictures).tolist() == pytest.approx([0, 1 / 5])


def test_a_drive_without_its_first_ticks_is_the_rest_of_it():
    drive = make_drive(5)
    rest = drive.skip(2)
    assert len(rest) == 3
    for name, value in vars(rest).items():
        np.testing.assert_array_equal(value, getattr(drive, name)[2:])
