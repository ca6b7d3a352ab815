"""The parts of the loop: order, schedule, average, augmentation, precision, checkpoints."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError
from torch import nn

from millwright.core.errors import FeatureError, TrainingError
from millwright.training import checkpoints
from millwright.training.augment import ColourJitter
from millwright.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from millwright.training.data import ArrayData, HistoryData, JoinedData, Order
from millwright.training.ema import EMA
from millwright.training.precision import choose_precision
from millwright.training.schedule import compute_rate


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 20), st.integers(0, 100), st.integers(1, 50))
def test_the_order_read_from_anywhere_is_the_same_endless_order(num, position, count):
    endless = Order(num, seed=3).indices(0, 200)
    np.testing.assert_array_equal(Order(num, seed=3).indices(position, count), endless[position : position + count])


def test_every_sample_comes_once_an_epoch_and_epochs_differ():
    order = Order(50, seed=0)
    first, second = order.indices(0, 50), order.indices(50, 50)
    assert sorted(first) == sorted(second) == list(range(50))
    assert list(first) != list(second)


def test_array_data_gives_the_rows_asked_for_also_from_disk(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(20, dtype=np.float32).reshape(10, 2))
    data = ArrayData({"x": np.load(tmp_path / "x.npy", mmap_mode="r"), "i": np.arange(10, dtype=np.uint8)})
    batch = data.batch(np.array([3, 9, 3]))
    assert batch["x"].tolist() == [[6, 7], [18, 19], [6, 7]]
    assert batch["i"].dtype == torch.uint8
    assert data.num_samples == 10


def test_rows_of_a_table_are_looked_up_batch_by_batch():
    data = ArrayData({"text": np.array([1, 0, 1])}, {"text": np.array([[0.0, 0.5], [1.0, 1.5]], np.float32)})
    assert data.batch(np.array([0, 1]))["text"].tolist() == [[1, 1.5], [0, 0.5]]


def test_arrays_that_lie_crosswise_are_put_in_order_once_and_a_file_s_stay_where_they_are(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((10, 3)))
    pictures = np.zeros((10, 3, 4, 4), np.uint8).transpose(0, 2, 3, 1)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    data = ArrayData({"image": pictures, "x": mapped}, {"image": pictures})
    assert data.arrays["image"].flags.c_contiguous
    assert data.tables["image"].flags.c_contiguous
    assert np.shares_memory(data.arrays["x"], mapped)


def test_history_goes_back_in_strides_and_stays_within_the_episode():
    data = ArrayData({"image": np.arange(8)[:, None], "proprio": np.arange(8)})
    history = HistoryData(data, {"image": 2}, np.array([0, 0, 0, 0, 0, 5, 5, 5]), stride=2)
    batch = history.batch(np.array([4, 3, 0, 6]))
    assert batch["past.image"][..., 0].tolist() == [[0, 2], [0, 1], [0, 0], [5, 5]]
    assert batch["image"][:, 0].tolist() == [4, 3, 0, 6]
    assert history.num_samples == 8
    assert "past.proprio" not in batch
    with pytest.raises(FeatureError, match="no array hand to look back in; arrays: image, proprio"):
        HistoryData(data, {"hand": 2}, np.zeros(8, np.int64))


def test_joined_samples_are_each_there_once_in_the_order_of_their_kinds():
    tables = ArrayData({"x": np.array([0, 1, 1])}, {"x": np.array([[30], [40]])})
    joined = JoinedData([ArrayData({"x": np.array([[10], [20]])}), tables])
    assert joined.num_samples == 5
    assert joined.batch(np.array([4, 0, 2, 1]))["x"][:, 0].tolist() == [10, 20, 40, 30]
    assert joined.batch(np.array([3]))["x"].tolist() == [[40]]
    with pytest.raises(FeatureError, match="at least one"):
        JoinedData([])


def test_arrays_of_different_lengths_are_an_error():
    with pytest.raises(FeatureError, match=r"lengths: \{'a': 2, 'b': 3\}"):
        ArrayData({"a": np.zeros(2), "b": np.zeros(3)})


@pytest.mark.parametrize(
    ("done", "rate"), [(0, 0), (0.05, 0.5), (0.1, 1), (0.55, 0.55), (1, 0.1), (1.2, 0.1), (0.325, 0.1 + 0.9 * 0.853553)]
)
def test_the_schedule_rises_straight_and_falls_as_half_a_cosine(done, rate):
    assert compute_rate(done, warmup=0.1, floor=0.1) == pytest.approx(rate, abs=1e-5)


def test_the_average_forgets_slowly_and_counts_are_copied():
    module = nn.BatchNorm1d(1)
    ema = EMA(module, decay=0.5)
    module.weight.data.fill_(3.0)
    module.num_batches_tracked.fill_(7)
    ema.update(module, num_updates=1)  # (1 + 1) / (10 + 1) is less than 0.5
    assert ema.state["weight"].item() == pytest.approx(1 * 2 / 11 + 3 * 9 / 11)
    ema.update(module, num_updates=1000)
    assert ema.state["weight"].item() == pytest.approx(3 - (2 * 2 / 11) / 2)
    assert ema.state["num_batches_tracked"].item() == 7
    assert module.weight.item() == 3.0


def test_jitter_draws_for_each_image_stays_within_bounds_and_follows_torch_s_seed():
    batch = {"crop": torch.full((64, 3, 4, 4), 127, dtype=torch.uint8), "proprio": torch.ones(64, 2)}
    jitter = ColourJitter(brightness=0.2, contrast=0.1, colour=0.05)
    torch.manual_seed(0)
    one = jitter(batch)
    torch.manual_seed(0)
    assert torch.equal(jitter(batch)["crop"], one["crop"])
    assert one["proprio"] is batch["proprio"]
    light = one["crop"][:, :, 0, 0] / 127
    assert ((light - 1).abs() < 0.26).all()
    assert light.mean(1).std() > 0.05
    assert (light.max(1).values - light.min(1).values).mean() > 0.02


def test_pictures_of_one_sample_are_jittered_alike():
    batch = {name: torch.full((8, 3, 2, 2), 127, dtype=torch.uint8) for name in ("crop", "first.crop")}
    jittered = ColourJitter()(batch)
    assert torch.equal(jittered["crop"], jittered["first.crop"])
    assert jittered["crop"][:, 0, 0, 0].std() > 1


def test_precision_is_as_asked_or_chosen_with_a_reason(monkeypatch):
    cpu = torch.device("cpu")
    assert choose_precision("bf16", cpu) == (torch.bfloat16, "asked for")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": False, "avx512_bf16": False})
    assert choose_precision("auto", cpu) == (torch.float32, "the CPU has neither AMX nor AVX512-BF16")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert choose_precision("auto", cpu)[0] == torch.bfloat16


def test_a_checkpoint_comes_back_as_it_was_and_leaves_no_other_file(tmp_path):
    tensors = {"a/b": torch.randn(3), "a/c": torch.arange(4, dtype=torch.uint8), "d": torch.tensor(2.5)}
    values = {"step": 3, "row": {"loss": 0.1 + 0.2}, "nothing": None}
    save_checkpoint(tmp_path / "one.safetensors", Checkpoint(tensors, values))
    again = load_checkpoint(tmp_path / "one.safetensors")
    assert again.values == values
    assert again.part("a").keys() == {"b", "c"}
    assert all(torch.equal(again.tensors[name], tensors[name]) for name in tensors)
    assert [path.name for path in tmp_path.iterdir()] == ["one.safetensors"]


def test_a_checkpoint_that_is_not_there_is_named(tmp_path):
    with pytest.raises(TrainingError, match=r"no checkpoint at .*one\.safetensors"):
        load_checkpoint(tmp_path / "one.safetensors")


def test_a_disk_that_is_full_leaves_the_checkpoint_before_it(tmp_path, monkeypatch):
    file = tmp_path / "one.safetensors"
    save_checkpoint(file, Checkpoint({"x": torch.ones(2)}, {}))

    def refuse(tensors, path, metadata):
        path.write_bytes(b"half")
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(checkpoints, "save_file", refuse)
    with pytest.raises(TrainingError, match=r"No space left.*goes on from the one before"):
        save_checkpoint(file, Checkpoint({"x": torch.zeros(2)}, {}))
    assert load_checkpoint(file).tensors["x"].tolist() == [1, 1]
    assert list(tmp_path.iterdir()) == [file]
