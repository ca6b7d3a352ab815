"""Truth: a controller's dreams beside drives that its world model never learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from millwright.core.errors import OptionError, TrainingError
from millwright.evaluation.dreams import (
    HORIZONS,
    ExploitGap,
    calibrate,
    compare_events,
    compare_open_loop,
    find_exploit_gap,
    measure_latent_distance,
)
from millwright.policies.altered import clip_actions
from millwright.policies.latent_controller import LatentController
from millwright.training.drives import Drive, SequenceData, encode_drives
from millwright.training.imagination import ImaginationConfig
from millwright.world_models.dream import Dreamed, dream, dreaming
from millwright.world_models.pixels import Pixels
from millwright.world_models.replay import replay
from millwright.world_models.world_model import State

EVERY = 4
"""Steps from one start of a dream to the next."""
LEARNED_STEPS = ImaginationConfig().steps
"""Of the dreams in which controllers learn: what is promised there is what the exploit gap is about."""
CODE_STEPS = 15
"""After which dreamed codes are compared with those seen, as distributions."""
THIN = 4
"""Pixels that are codes are averaged over squares of so many, before their distribution is looked at."""


@dataclass(frozen=True)
class Replayed:
    """Drives as a network remembers them, and the moments in which dreams begin: every few steps of each drive.

    Args:
        drives: new to the world model; those shorter than a gap's dreams are left out.
        steps: of the dreams in which the controller learned.
        dropout: is on in them.

    Raises:
        TrainingError: not two drives that last as long as the gap's dreams.
    """

    network: LatentController
    drives: Sequence[Drive]
    steps: int = LEARNED_STEPS
    dropout: bool = True

    def __post_init__(self) -> None:
        if len(self.long) < 2:
            raise TrainingError(
                f"dreams are compared with 2 drives of {self.steps} steps at least, got {len(self.long)}"
            )

    @cached_property
    def long(self) -> list[Drive]:
        return [drive for drive in self.drives if len(drive) >= self.steps]

    @cached_property
    def latents(self) -> list[Tensor]:
        return encode_drives(self.network.vae, self.long)

    @cached_property
    def states(self) -> State:
        """All of them but each drive's last, one drive after the other."""
        replayed = replay(self.network.model, self.latents, [torch.from_numpy(drive.actions) for drive in self.long])
        return State(*(torch.cat([part[:-1] for part in parts]) for parts in zip(*replayed, strict=True)))

    @cached_property
    def begins(self) -> NDArray[np.bool_]:
        """Of each state: a dream begins here."""
        return np.concatenate([np.arange(len(drive)) % EVERY == 0 for drive in self.long])

    @cached_property
    def starts(self) -> State:
        rows = torch.from_numpy(self.begins)
        return State(self.states.latent[rows], self.states.memory[rows])

    @cached_property
    def whose(self) -> NDArray[np.int64]:
        """Of each start: the drive's number."""
        lengths = [len(range(0, len(drive), EVERY)) for drive in self.long]
        return np.repeat(np.arange(len(self.long)), lengths)

    @cached_property
    def following(self) -> dict[str, Tensor]:
        """What came after each start, in as many steps as dreams are compared for."""
        return SequenceData(self.long, self.latents, max(HORIZONS)).batch(np.flatnonzero(self.begins))

    @cached_property
    def left(self) -> NDArray[np.int64]:
        """Steps from each start to its drive's end, as far as dreams are compared."""
        found: NDArray[np.int64] = self.following["weight"].sum(1).long().numpy()
        return found

    @cached_property
    def strays(self) -> Tensor:
        """Of each start (starts, steps, 3) what an unsteady hand added to what the controller wanted."""
        with torch.no_grad():
            wanted = self.network.controller(self.network.model.read(self.states))
        done = torch.cat([torch.from_numpy(drive.actions) for drive in self.long])
        added = torch.cat((done - wanted, done.new_zeros(self.steps, done.shape[1])))
        rows = torch.from_numpy(np.flatnonzero(self.begins))[:, None] + torch.arange(self.steps)
        return added[rows]

    @cached_property
    def along(self) -> list[Dreamed]:
        """Dreams that do what was done, likeliest first and without dropout."""
        done = iter(self.following["actions"].unbind(1))
        with torch.no_grad(), dreaming(self.network.model, dropout=False) as model:
            return list(dream(model, self.starts, lambda _: next(done), max(HORIZONS), temperature=0.0))


def check_dreams(network: LatentController, drives: Sequence[Drive]) -> Mapping[str, Any]:
    """What `evaluation.dreams` says of them, as JSON takes it: dreams do what was done, but for those of the gap.

    Args:
        drives: of this controller, and new to its world model.

    Raises:
        TrainingError: not two drives that last as long as the gap's dreams.
    """
    again = Replayed(network, drives)
    told, came = again.along, again.following
    dreamed = torch.stack([each.after.latent for each in told], 1).numpy()
    horizons = [horizon for horizon in HORIZONS if (again.left >= horizon).any()]
    code = network.model.config.code
    off_road = came["off_road"][:, 0].numpy() > 0.5
    return {
        "open_loop": asdict(
            compare_open_loop(dreamed[..., :code], came["latents"][..., :code].numpy(), again.left, horizons)
        ),
        "events": asdict(compare_events(told[0].outcome.tiles.numpy(), came["tiles"][:, 0].numpy())),
        "off_road": asdict(calibrate(told[0].outcome.off_road.numpy(), off_road.astype(np.float32))),
        "exploit": measure_gap(again).to_json(),
        "codes": _measure_codes(again, dreamed[:, CODE_STEPS - 1, :code]),
    }


def measure_gap(again: Replayed) -> ExploitGap:
    """Tiles a step that the controller's own dreams reach, against those that its drives reached from the same states.

    A hand that was not steady in a drive strays in its dreams just so.

    Args:
        again: drives of this controller.
    """
    whole = again.left >= again.steps
    starts = State(again.starts.latent[whole], again.starts.memory[whole])
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        rates = dream_rates(again.network, starts, again.steps, again.strays[whole], dropout=again.dropout)
    came = again.following["tiles"][whole, : again.steps].mean(1).numpy()
    whose = again.whose[whole]
    per_drive = [(float(rates[whose == each].mean()), float(came[whose == each].mean())) for each in np.unique(whose)]
    return find_exploit_gap(*zip(*per_drive, strict=True))


def dream_rates(
    network: LatentController, starts: State, steps: int, strays: Tensor | None = None, *, dropout: bool = True
) -> NDArray[np.float32]:
    """Tiles a step (starts,) that the controller's own dreams reach, counted as far as they go on till then.

    Args:
        strays: what an unsteady hand adds (starts, steps, 3).
    """
    tick = iter(range(steps))

    def act(read: Tensor) -> Tensor:
        wanted: Tensor = network.controller(read)
        return wanted if strays is None else clip_actions(wanted + strays[:, next(tick)])

    total, alive = torch.zeros(len(starts.latent)), torch.ones(len(starts.latent))
    with torch.no_grad(), dreaming(network.model, dropout=dropout) as model:
        for each in dream(model, starts, act, steps):
            total += alive * each.outcome.tiles
            alive = alive * (1 - each.outcome.done)
    rates: NDArray[np.float32] = (total / steps).numpy()
    return rates


def _measure_codes(again: Replayed, dreamed: NDArray[np.float32]) -> Mapping[str, Any]:
    """How far the codes of dreams are from those that were really seen then, as distributions."""
    reached = again.left >= CODE_STEPS
    real = again.following["latents"][reached, CODE_STEPS, : dreamed.shape[1]].numpy()
    codes = dreamed[reached]
    if isinstance(again.network.vae, Pixels):
        codes, real = (_thin(pixels, again.network.vae.config.size) for pixels in (codes, real))
    try:
        return asdict(measure_latent_distance(codes, real))
    except OptionError as error:
        return {"refused": str(error)}


def _thin(pixels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Pictures (n, size * size) as means of squares (n, fewer): there are more pixels than drives have moments."""
    part = size // THIN
    squares: NDArray[np.float32] = pixels.reshape(-1, part, THIN, part, THIN).mean((2, 4)).reshape(-1, part * part)
    return squares
