"""Evolution: CMA-ES (Hansen, *The CMA Evolution Strategy: A Tutorial*, 2016), asked and told, resumable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from millwright.core.errors import OptionError, TrainingError, import_extra
from millwright.policies.controllers import Controller, squash
from millwright.training.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from millwright.world_models.dream import DrivingReward, choose_starts, compute_returns, dreaming
from millwright.world_models.world_model import State, WorldModel

CHECKPOINT = "checkpoint.safetensors"
SAVED = 10
"""Generations from one checkpoint to the next."""
Fitness = Callable[[NDArray[np.float64], int], NDArray[np.float64]]
"""(population, parameters), generation -> what each is worth (population,): more is better."""


@dataclass(frozen=True)
class EvolutionConfig:
    """How to search.

    Args:
        generations: so many in all, those before a stop counted in.
        population: candidates of a generation.
        sigma: step size at the start.
        diagonal: learn a variance for each parameter and no correlations: cheaper, and no worse on separable problems.
        seed: of the candidates.

    Raises:
        OptionError: fewer than 4 candidates, or no generation.
    """

    generations: int = 100
    population: int = 64
    sigma: float = 0.1
    diagonal: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.population < 4 or self.generations < 1:
            asked = f"population={self.population} and generations={self.generations}"
            raise OptionError(f"evolution needs 4 candidates and a generation at least, got {asked}")


@dataclass(frozen=True)
class Evolved:
    """What a search found."""

    mean: NDArray[np.float64]
    """The centre of the last generation: worth more on new dreams than the luckiest candidate."""
    best: NDArray[np.float64]
    """The luckiest candidate of all."""
    history: tuple[dict[str, float], ...]
    """Of each generation: mean, best and worst fitness, and sigma."""


def evolve(
    start: NDArray[np.float64], fitness: Fitness, config: EvolutionConfig, out: Path,
    progress: Callable[[dict[str, float]], None] | None = None,
) -> Evolved:  # fmt: skip
    """Search from `start` for what `fitness` finds worth most.

    A search that was stopped goes on from its last checkpoint in `out`. That holds what was told; what was asked comes
    again by itself, so the candidates after it are those that would have come without the stop.

    Raises:
        MissingExtraError: `cma` is not installed.
        TrainingError: a fitness is not finite (names the generation), or `out` holds another search.
    """
    cma = import_extra("cma", "driving")
    out.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(config.seed)
    options = {
        "popsize": config.population, "CMA_diagonal": config.diagonal, "verbose": -9, "seed": np.nan,
        "randn": lambda *shape: rng.standard_normal(shape),
    }  # fmt: skip
    search = cma.CMAEvolutionStrategy(start, config.sigma, options)
    told = _load(out / CHECKPOINT, config, start)
    history: list[dict[str, float]] = []
    best, most = start, -np.inf
    for generation in range(config.generations):
        candidates = np.stack(search.ask())
        known = generation < len(told)
        if not known:
            told.append(_judge(fitness, candidates, generation))
        worth = told[generation]
        search.tell(list(candidates), list(-worth))
        if worth.max() > most:
            best, most = candidates[worth.argmax()], worth.max()
        row = {"mean": worth.mean(), "best": worth.max(), "worst": worth.min(), "sigma": search.sigma}
        history.append({name: float(value) for name, value in row.items()})
        if not known and (generation % SAVED == SAVED - 1 or generation == config.generations - 1):
            _save(out / CHECKPOINT, config, start, told)
        if not known and progress is not None:
            progress(history[-1])
    return Evolved(np.asarray(search.mean, np.float64), best, tuple(history))


def _judge(fitness: Fitness, candidates: NDArray[np.float64], generation: int) -> NDArray[np.float64]:
    worth = np.asarray(fitness(candidates, generation), np.float64)
    if worth.shape != (len(candidates),) or not np.isfinite(worth).all():
        raise TrainingError(
            f"generation {generation}: a finite number is wanted for each of {len(candidates)} candidates, got shape "
            f"{worth.shape} with {int((~np.isfinite(worth)).sum())} that are not finite"
        )
    return worth


class DreamedReturns:
    """A `Fitness`: what linear controllers come to in dreams, all candidates in all dreams at once.

    Every candidate of a generation begins where the others do.

    Args:
        controller: linear; its numbers are what a candidate's stand for.
        starts: where dreams may begin.
        rollouts: dreams of each candidate.
        steps: of a dream.
        dropout: on in dreams; without it (a control) candidates learn what the model has wrong.
    """

    def __init__(
        self, model: WorldModel, controller: Controller, starts: State, reward: DrivingReward, *,
        rollouts: int = 16, steps: int = 100, temperature: float = 1.0, dropout: bool = True, seed: int = 0,
    ) -> None:  # fmt: skip
        if not controller.linear:
            raise OptionError("candidates are linear controllers; the others are learned by imagination")
        self._model, self._controller, self._starts, self._reward = model, controller, starts, reward
        self._rollouts, self._steps, self._temperature = rollouts, steps, temperature
        self._dropout, self._seed = dropout, seed

    def __call__(self, candidates: NDArray[np.float64], generation: int) -> NDArray[np.float64]:
        generator = torch.Generator().manual_seed(1_000_003 * self._seed + generation)
        rows = torch.randint(len(self._starts.latent), (self._rollouts,), generator=generator)
        start = choose_starts(self._starts, rows.repeat(len(candidates)))
        with torch.random.fork_rng([]), dreaming(self._model, dropout=self._dropout) as model:
            torch.manual_seed(self._seed + generation)
            act = self._make_act(candidates)
            returns = compute_returns(model, start, act, self._steps, self._reward, self._temperature)
        worth: NDArray[np.float64] = returns.view(len(candidates), -1).mean(1).double().numpy()
        return worth

    def _make_act(self, candidates: NDArray[np.float64]) -> Callable[[Tensor], Tensor]:
        flat = torch.from_numpy(candidates).float()
        num_inputs = flat.shape[1] // 3 - 1
        weights = flat[:, : 3 * num_inputs].view(-1, 3, num_inputs).transpose(1, 2).contiguous()
        biases = flat[:, 3 * num_inputs :].unsqueeze(1)

        def act(read: Tensor) -> Tensor:
            each = self._controller.select(read).view(len(flat), -1, num_inputs)
            return squash(torch.baddbmm(biases, each, weights)).flatten(0, 1)

        return act


def read_parameters(controller: nn.Module) -> NDArray[np.float64]:
    """A controller's numbers in a row, weights before biases."""
    flat: NDArray[np.float64] = nn.utils.parameters_to_vector(controller.parameters()).detach().double().numpy()
    return flat


def write_parameters(controller: nn.Module, values: NDArray[np.float64]) -> None:
    """The inverse of `read_parameters`, in place."""
    nn.utils.vector_to_parameters(torch.from_numpy(values).float(), controller.parameters())


def _identify(config: EvolutionConfig, start: NDArray[np.float64]) -> dict[str, Any]:
    fields = {name: value for name, value in asdict(config).items() if name != "generations"}
    return {**fields, "parameters": len(start)}


def _save(file: Path, config: EvolutionConfig, start: NDArray[np.float64], told: list[NDArray[np.float64]]) -> None:
    tensors = {"start": torch.from_numpy(start), "told": torch.from_numpy(np.stack(told))}
    save_checkpoint(file, Checkpoint(tensors, {"identity": _identify(config, start)}))


def _load(file: Path, config: EvolutionConfig, start: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    if not file.is_file():
        return []
    checkpoint = load_checkpoint(file)
    before = checkpoint.values["identity"]
    same = before == _identify(config, start) and np.array_equal(checkpoint.tensors["start"].numpy(), start)
    if not same:
        raise TrainingError(f"{file.parent} holds another search ({before}); choose another folder")
    return list(checkpoint.tensors["told"].numpy())
