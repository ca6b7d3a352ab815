"""fit: the one loop that trains every network by gradients."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from millwright.core.errors import TrainingError
from millwright.nets.trainable import Trainable
from millwright.training.augment import Augment
from millwright.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from millwright.training.data import Data, Order
from millwright.training.ema import EMA
from millwright.training.journal import Journal
from millwright.training.precision import Precision, choose_precision
from millwright.training.schedule import compute_rate

logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.safetensors"


@dataclass(frozen=True)
class FitConfig:
    """How to train. Lengths are in samples, so that a batch size can change without changing them."""

    samples: int = 500_000
    batch_size: int = 256
    lr: float = 1.5e-3
    warmup_samples: int = 10_000
    lr_floor: float = 0.0
    """Share of `lr` at the end of the cosine."""
    weight_decay: float = 0.01
    """Of matrices and kernels; never of biases and norms."""
    clip_norm: float = 1.0
    ema_decay: float = 0.999
    """Of the averaged weights that `fit` leaves in the network; 0 keeps the last ones."""
    precision: Precision = "auto"
    device: str = "cpu"
    seed: int = 0
    """Of the order of the samples and of all that is drawn in training; not of the network's first weights."""
    max_minutes: float | None = None
    """Stop by then; the learning rate falls in time for it. A run that it hurries cannot be repeated bit for bit."""
    threads: int | None = None
    """Of torch, while it trains; None: as many as the process has."""
    clock: Literal["wall", "cpu"] = "wall"
    """What minutes and seconds are counted by; `cpu`, of all threads, does not mind what else the machine does."""
    checkpoint_s: float = 60.0
    log_steps: int = 50


RESUMABLE = ("max_minutes", "clock", "threads", "checkpoint_s", "device")
"""Fields that may differ when a training is taken up again."""


@dataclass(frozen=True)
class FitResult:
    """How a training went."""

    loss: float
    """Mean of the last row of the log."""
    samples: int
    steps: int
    seconds: float
    """All runs together."""
    cpu_seconds: float | None
    """Of all threads, all runs together, without what a graphics card did; None: an older checkpoint did not count."""
    samples_per_s: float
    precision: str
    stopped_by: Literal["samples", "minutes"]


def fit(
    network: Trainable,
    data: Data,
    config: FitConfig,
    out: Path | str,
    *,
    augment: Augment | None = None,
    progress: bool = True,
) -> FitResult:
    """Train `network` in place; afterwards it holds the averaged weights and is in evaluation mode.

    AdamW with warm-up and cosine over samples, clipped gradients, averaged weights. A training that was stopped goes
    on from its last checkpoint in `out`, on the CPU bit for bit as if it had not been stopped (with the same number
    of threads); one that was finished returns at once.

    Args:
        out: gets `checkpoint.safetensors`, `losses.jsonl`, `tensorboard/` and at the end `fit.json`.
        augment: applied to every batch.

    Raises:
        TrainingError: a loss or gradient is not finite (names the step), or `out` holds a training of another kind.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    device = torch.device(config.device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(config.seed)
        run = _Run(network, data, config, folder)
        if not run.finished:
            with _threads(config.threads):
                _train(run, data, augment, progress)
    result = run.make_result()
    (folder / "fit.json").write_text(json.dumps({**asdict(result), "config": asdict(config)}, indent=2))
    network.load_state_dict(run.ema.state)
    network.eval()
    return result


@contextmanager
def _threads(wanted: int | None) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(wanted or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train(run: _Run, data: Data, augment: Augment | None, progress: bool) -> None:
    config, order = run.config, Order(data.num_samples, run.config.seed)
    journal = Journal(run.out, run.step, config.samples, run.position, progress)
    saved_s = time.monotonic()
    run.network.train()
    with journal.opened():
        over = False
        while not over:
            count = min(config.batch_size, config.samples - run.position)
            batch = data.batch(order.indices(run.position, count))
            batch = {name: value.to(run.device, non_blocking=True) for name, value in batch.items()}
            over = run.learn(augment(batch) if augment else batch, count)
            journal.advance(run.position)
            if run.step % config.log_steps == 0 or over:
                journal.write(run.make_row())
                if over or time.monotonic() - saved_s >= config.checkpoint_s:
                    run.save()
                    saved_s = time.monotonic()


class _Run:
    """A training in progress: everything that a checkpoint holds, and how to make one step more."""

    def __init__(self, network: Trainable, data: Data, config: FitConfig, out: Path) -> None:
        self.config, self.out = config, out
        self.device = torch.device(config.device)
        self.network = network.to(self.device)
        self.ema = EMA(network, config.ema_decay)
        self.optimiser = _make_optimiser(network, config)
        self.dtype, reason = choose_precision(config.precision, self.device)
        self.precision = f"{self.dtype} on {self.device} ({reason})".removeprefix("torch.")
        self.identity = {
            "num_samples": data.num_samples,
            **{name: value for name, value in asdict(config).items() if name not in RESUMABLE},
        }
        self.step = self.position = 0
        self.stopped_by: Literal["samples", "minutes"] | None = None
        self.row: dict[str, Any] = {}
        self._totals: dict[str, float] = {}
        self._counted = 0
        self._seconds_before = 0.0
        self._cpu_before: float | None = 0.0
        self._cpu_started_s = time.process_time()
        self._now = time.process_time if config.clock == "cpu" else time.monotonic
        self._started_s = self._now()
        if (out / CHECKPOINT).is_file():
            self._restore(load_checkpoint(out / CHECKPOINT))
        logger.info("training in %s from step %d", self.precision, self.step)

    @property
    def finished(self) -> bool:
        return self.stopped_by is not None

    @property
    def seconds(self) -> float:
        return self._seconds_before + self._now() - self._started_s

    @property
    def cpu_seconds(self) -> float | None:
        return None if self._cpu_before is None else self._cpu_before + time.process_time() - self._cpu_started_s

    def learn(self, batch: dict[str, Tensor], count: int) -> bool:
        """Make one step with these `count` samples; is it the last?"""
        self.step += 1
        self.position += count
        for group in self.optimiser.param_groups:
            group["lr"] = self._compute_lr()
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            losses = self.network.loss(batch)
        self.optimiser.zero_grad()
        losses["loss"].backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip_norm)
        numbers = torch.stack([*(value.detach().float() for value in losses.values()), norm.float()])
        measured = dict(zip((*losses, "grad_norm"), numbers.tolist(), strict=True))
        if not torch.isfinite(numbers).all():
            raise TrainingError(
                f"step {self.step} (samples {self.position - count} to {self.position}): not finite: {measured}; "
                f"look at the data, or lower lr={self.config.lr}; the last checkpoint in {self.out} is from before it"
            )
        self.optimiser.step()
        self.ema.update(self.network, self.step)
        for name, value in measured.items():
            self._totals[name] = self._totals.get(name, 0.0) + value
        self._counted += 1
        self.stopped_by = self._decide_end()
        return self.finished

    def make_row(self) -> dict[str, Any]:
        """Means since the last row."""
        means = {name: total / self._counted for name, total in self._totals.items()}
        seconds = self.seconds
        rate = self.optimiser.param_groups[0]["lr"]
        speed = (self.position - self.row.get("samples", 0)) / (seconds - self.row.get("seconds", 0.0))
        timing = {"seconds": seconds, "samples_per_s": speed, "lr": rate}
        if self.cpu_seconds is not None:
            timing["cpu_seconds"] = self.cpu_seconds
        self.row = {"step": self.step, "samples": self.position, **timing, **means}
        self._totals, self._counted = {}, 0
        return self.row

    def save(self) -> None:
        """Write the checkpoint; only right after a row, when no sums are under way."""
        tensors = {f"network/{name}": value for name, value in self.network.state_dict().items()}
        tensors |= {f"ema/{name}": value for name, value in self.ema.state.items()}
        for index, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser/{index}/{name}": value for name, value in state.items()}
        tensors["random/cpu"] = torch.get_rng_state()
        if self.device.type == "cuda":
            tensors["random/cuda"] = torch.cuda.get_rng_state(self.device)
        values = {
            "identity": self.identity, "step": self.step, "position": self.position, "seconds": self.seconds,
            "cpu_seconds": self.cpu_seconds, "stopped_by": self.stopped_by, "row": self.row,
            "precision": self.precision,
        }  # fmt: skip
        save_checkpoint(self.out / CHECKPOINT, Checkpoint(tensors, values))

    def make_result(self) -> FitResult:
        assert self.stopped_by is not None
        seconds, row = self.row["seconds"], self.row
        return FitResult(
            row["loss"], self.position, self.step, seconds, row.get("cpu_seconds"), self.position / seconds,
            self.precision, self.stopped_by,
        )  # fmt: skip

    def _restore(self, checkpoint: Checkpoint) -> None:
        values = checkpoint.values
        differing = [name for name, value in self.identity.items() if values["identity"].get(name) != value]
        if differing:
            before = values["identity"]
            told = ", ".join(f"{name} was {before.get(name)}, is {self.identity[name]}" for name in differing)
            raise TrainingError(f"{self.out} holds another training ({told}); choose another folder or delete it")
        try:
            self.network.load_state_dict(checkpoint.part("network"))
        except RuntimeError as error:
            raise TrainingError(f"{self.out} holds another network ({error}); choose another folder") from error
        self.ema.load(checkpoint.part("ema"))
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in checkpoint.part("optimiser").items():
            index, key = name.split("/")
            state.setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict({"state": state, "param_groups": self.optimiser.state_dict()["param_groups"]})
        torch.set_rng_state(checkpoint.tensors["random/cpu"])
        if self.device.type == "cuda" and "random/cuda" in checkpoint.tensors:
            torch.cuda.set_rng_state(checkpoint.tensors["random/cuda"], self.device)
        self.step, self.position, self.row = values["step"], values["position"], values["row"]
        self.stopped_by, self._seconds_before = values["stopped_by"], values["seconds"]
        self._cpu_before = values.get("cpu_seconds")

    def _compute_lr(self) -> float:
        config = self.config
        done = self.position / config.samples
        if config.max_minutes is not None:
            done = max(done, self.seconds / (60 * config.max_minutes))
        return config.lr * compute_rate(min(done, 1.0), config.warmup_samples / config.samples, config.lr_floor)

    def _decide_end(self) -> Literal["samples", "minutes"] | None:
        if self.position >= self.config.samples:
            return "samples"
        hurried = self.config.max_minutes is not None and self.seconds >= 60 * self.config.max_minutes
        return "minutes" if hurried else None


def _make_optimiser(network: nn.Module, config: FitConfig) -> torch.optim.AdamW:
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in learned if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in learned if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.lr, fused=True)
