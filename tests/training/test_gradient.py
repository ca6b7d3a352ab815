"""The loop learns, stops when told, goes on where it stopped, and says what went wrong."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from millwright.core.errors import TrainingError
from millwright.training import gradient
from millwright.training.data import ArrayData, Order
from millwright.training.gradient import FitConfig, fit
from millwright.training.losses import load_losses
from tests.training.tasks import Line, make_line_data

CONFIG = FitConfig(
    samples=40 * 16, batch_size=16, lr=0.01, warmup_samples=64, log_steps=5, checkpoint_s=0, ema_decay=0.9
)
UNTIMED = ("step", "samples", "lr", "loss", "absolute", "grad_norm")


class Breaking:
    """Data that fails after some batches, as a machine does."""

    def __init__(self, data, after):
        self.data, self.left = data, after
        self.num_samples = data.num_samples

    def batch(self, indices):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.data.batch(indices)


def train(out, data=None, network=None, config=CONFIG):
    network = network or Line()
    return network, fit(network, data or make_line_data(), config, out, progress=False)


def untimed(out):
    return [{name: row[name] for name in UNTIMED} for row in load_losses(out)]


def test_the_loss_goes_down_and_the_result_says_how_it_went(tmp_path):
    network, result = train(tmp_path)
    losses = [row["loss"] for row in load_losses(tmp_path)]
    assert losses[-1] < 0.5 * losses[0]
    assert (result.steps, result.samples, result.stopped_by) == (40, 640, "samples")
    assert result.loss == losses[-1]
    assert result.precision.startswith(("float32 on cpu", "bfloat16 on cpu"))
    assert json.loads((tmp_path / "fit.json").read_text())["config"]["batch_size"] == 16
    assert list((tmp_path / "tensorboard").iterdir())
    assert not network.training


@pytest.mark.parametrize("after", [1, 5, 7, 23])
def test_a_training_taken_up_again_ends_bit_for_bit_as_one_that_never_stopped(tmp_path, after):
    whole, _ = train(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "stopped", Breaking(make_line_data(), after))
    resumed, result = train(tmp_path / "stopped")
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    assert untimed(tmp_path / "stopped") == untimed(tmp_path / "whole")
    assert result.steps == 40
    tensors = [gradient.load_checkpoint(tmp_path / run / gradient.CHECKPOINT).tensors for run in ("whole", "stopped")]
    assert tensors[0].keys() == tensors[1].keys()
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])


def test_it_really_takes_up_from_the_checkpoint(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, Breaking(make_line_data(), 23))
    counted = Breaking(make_line_data(), 1000)
    train(tmp_path, counted)
    assert 1000 - counted.left == 20  # from step 20, the last checkpoint before the 23rd


def test_cpu_time_of_all_runs_is_added_up(tmp_path, monkeypatch):
    seconds = iter(range(100_000))
    monkeypatch.setattr(gradient.time, "process_time", lambda: 10.0 * next(seconds))
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, Breaking(make_line_data(), 23))
    before = gradient.load_checkpoint(tmp_path / gradient.CHECKPOINT).values["cpu_seconds"]
    _, result = train(tmp_path)
    assert 0 < before < result.cpu_seconds
    assert json.loads((tmp_path / "fit.json").read_text())["cpu_seconds"] == result.cpu_seconds
    rows = [row["cpu_seconds"] for row in load_losses(tmp_path)]
    assert rows == sorted(rows)


def test_a_finished_training_returns_at_once_with_the_same_weights(tmp_path):
    first, result = train(tmp_path)
    again, second = train(tmp_path, Breaking(make_line_data(), 0))
    assert second == result
    assert all(torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True))


def test_the_same_seed_gives_the_same_weights_and_leaves_the_caller_s_randomness_alone(tmp_path):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    one, _ = train(tmp_path / "one")
    assert torch.equal(torch.rand(3), expected)
    two, _ = train(tmp_path / "two")
    other, _ = train(tmp_path / "other", config=FitConfig(**{**vars(CONFIG), "seed": 1}))
    assert torch.equal(one.layers[0].weight, two.layers[0].weight)
    assert not torch.equal(one.layers[0].weight, other.layers[0].weight)


def test_a_loss_that_is_not_finite_names_the_step_and_keeps_the_checkpoint_clean(tmp_path):
    data = make_line_data()
    late = Order(200, CONFIG.seed).indices(190, 1)
    data.arrays["y"][late] = np.nan
    with pytest.raises(TrainingError, match=r"step 12 \(samples 176 to 192\): not finite: .*'loss': nan"):
        train(tmp_path, data)
    for name, value in gradient.load_checkpoint(tmp_path / gradient.CHECKPOINT).tensors.items():
        assert torch.isfinite(value.float()).all(), name


def test_another_training_in_the_folder_is_an_error_that_says_what_differs(tmp_path):
    train(tmp_path)
    with pytest.raises(TrainingError, match=r"lr was 0\.01, is 0\.02"):
        train(tmp_path, config=FitConfig(**{**vars(CONFIG), "lr": 0.02}))
    with pytest.raises(TrainingError, match="num_samples was 200, is 100"):
        train(tmp_path, make_line_data(100))


def test_another_network_in_the_folder_is_an_error(tmp_path):
    train(tmp_path)
    other = Line()
    other.layers.append(torch.nn.Linear(1, 1))
    with pytest.raises(TrainingError, match="holds another network"):
        train(tmp_path, network=other)


def test_a_broken_checkpoint_is_an_error_that_says_what_to_do(tmp_path):
    (tmp_path / gradient.CHECKPOINT).write_bytes(b"half a file")
    with pytest.raises(TrainingError, match="delete it to train from the start"):
        train(tmp_path)


def test_lines_after_the_last_checkpoint_are_dropped_on_resuming(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, Breaking(make_line_data(), 12))
    with (tmp_path / "losses.jsonl").open("a") as file:
        file.write('{"step": 15, "loss": 1}\n{"step": 20, "lo')
    train(tmp_path)
    assert [row["step"] for row in load_losses(tmp_path)] == list(range(5, 41, 5))


def test_a_training_out_of_minutes_stops_with_its_learning_rate_brought_down(tmp_path, monkeypatch):
    clock = iter(np.arange(0, 1e6, 0.25))
    monkeypatch.setattr(gradient.time, "monotonic", lambda: float(next(clock)))
    config = FitConfig(**{**vars(CONFIG), "samples": 10**6, "max_minutes": 1.0})
    _, result = train(tmp_path, config=config)
    assert result.stopped_by == "minutes"
    assert result.seconds == pytest.approx(60, abs=2)
    rates = [row["lr"] for row in load_losses(tmp_path)]
    assert max(rates) > 0.9 * config.lr
    assert rates[-1] < 0.01 * config.lr


def test_bfloat16_trains_too(tmp_path):
    _, result = train(tmp_path, config=FitConfig(**{**vars(CONFIG), "precision": "bf16"}))
    losses = [row["loss"] for row in load_losses(tmp_path)]
    assert losses[-1] < 0.5 * losses[0]
    assert result.precision == "bfloat16 on cpu (asked for)"


def test_weights_decay_but_biases_and_norms_do_not(tmp_path):
    zero = ArrayData({"x": np.zeros((64, 3), np.float32), "y": np.zeros(64, np.float32)})
    network = Line()
    before = {name: value.clone() for name, value in network.named_parameters()}
    network.loss = lambda batch: {"loss": sum(parameter.sum() * 0 for parameter in network.parameters())}
    train(tmp_path, zero, network, FitConfig(**{**vars(CONFIG), "weight_decay": 0.5, "ema_decay": 0.0}))
    for name, value in network.named_parameters():
        assert torch.equal(value, before[name]) == (value.ndim < 2), name


@pytest.mark.gpu
def test_it_trains_and_resumes_on_a_gpu(tmp_path):
    config = FitConfig(**{**vars(CONFIG), "device": "cuda"})
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, Breaking(make_line_data(), 23), config=config)
    _, result = train(tmp_path, config=config)
    assert result.steps == 40


def test_threads_are_those_wanted_while_it_trains_and_those_of_before_afterwards(tmp_path):
    class Watched(Line):
        def loss(self, batch):
            seen.add(torch.get_num_threads())
            return super().loss(batch)

    seen, before = set(), torch.get_num_threads()
    train(tmp_path, network=Watched(), config=replace(CONFIG, samples=32, threads=before + 1))
    assert seen == {before + 1}
    assert torch.get_num_threads() == before
