"""Dreamer: a world model that dreams along with a drive, step by step, beside what is really seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from millwright.core.errors import BundleError, FeatureError, OptionError
from millwright.core.policy import Action
from millwright.policies.latent_controller import LatentController
from millwright.policies.network import Network
from millwright.world_models.dream import dreaming

HOTTEST = 3.0
BEGINS_S = 1.2
"""So long CarRacing's camera comes down at a start: a dream goes on by itself only from then on."""


@dataclass(frozen=True)
class DreamStyle:
    """How a dream goes on.

    Args:
        ahead: steps that it goes on by itself before it is set right by what was seen; None: never set right.
        temperature: of what it draws; 0: the likeliest. A `residual-gru` draws nothing.
        dropout: leave the dropout on, as in the dreams in which a controller learns.

    Raises:
        OptionError: less than a step, or a temperature out of its range.
    """

    ahead: int | None = 15
    temperature: float = 1.0
    dropout: bool = True

    def __post_init__(self) -> None:
        if self.ahead is not None and self.ahead < 1:
            raise OptionError(f"a dream goes on for a step at least, got {self.ahead}")
        if not 0 <= self.temperature <= HOTTEST:
            raise OptionError(f"a temperature is 0 to {HOTTEST:g}, got {self.temperature}")


USUAL_STYLE = DreamStyle()


@dataclass(frozen=True, eq=False)
class Dreamt:
    """One instant of a drive, seen and dreamed. Pictures are (channels, size, size) uint8, as an encoder reads them."""

    seen: NDArray[np.uint8]
    rebuilt: NDArray[np.uint8]
    """What the code of what was seen decodes to: no dream can be clearer."""
    dreamed: NDArray[np.uint8]
    age: int
    """Steps since the dream was set right; 0: nothing was dreamed yet."""
    error: float
    """Mean squared error of the dreamed code against that of what was seen."""
    repeated: float
    """That of the code seen when the dream was set right last: of who says that nothing changes."""
    scalars: NDArray[np.float32]  # (3, scalars): seen, dreamed, and seen when the dream was set right last
    tiles: float
    """Of road that the dream has counted, of all steps so far."""
    done: float
    """Chance that the last step ended the drive, 0..1."""


class Dreamer:
    """Of one car; `begin` with what is seen first, then `follow` with what was done and what is seen after it."""

    def __init__(self, network: LatentController, style: DreamStyle = USUAL_STYLE) -> None:
        self._network, self.style = network.eval(), style

    def begin(self, image: Tensor, scalars: Tensor) -> Dreamt:
        """From pictures (1, channels, size, size) and (1, scalars), as the network reads them."""
        with torch.inference_mode():
            latent = self._encode(image, scalars)
            self._real = self._dreamed = self._set_right = self._network.model.initial(latent)
            self._age, self._tiles, self._done = 0, 0.0, 0.0
            return self._tell(image)

    def follow(self, action: Action, image: Tensor, scalars: Tensor) -> Dreamt:
        """One step: `action` (3,) was done, and then this was seen."""
        model, ahead = self._network.model, self.style.ahead
        done = torch.from_numpy(np.asarray(action, np.float32))[None]
        with torch.inference_mode():
            if ahead is not None and self._age >= ahead:
                self.set_right()
            with dreaming(model, dropout=self.style.dropout):
                self._dreamed, outcome = model.imagine(self._dreamed, done, self.style.temperature)
            self._real = model.observe(self._real, done, self._encode(image, scalars))
            self._age += 1
            self._tiles += float(outcome.tiles)
            self._done = float(outcome.done)
            return self._tell(image)

    def set_right(self) -> None:
        """Go on from what was seen last."""
        self._dreamed = self._set_right = self._real
        self._age = 0

    def decide(self) -> Action:
        """What its own controller does where the dream is."""
        with torch.inference_mode():
            made: Action = self._network.controller(self._network.model.read(self._dreamed))[0].numpy()
        return made

    def _encode(self, image: Tensor, scalars: Tensor) -> Tensor:
        return torch.cat((self._network.vae.encode(image)[0], scalars), 1)

    def _tell(self, image: Tensor) -> Dreamt:
        code = self._network.model.config.code
        seen, dreamed, before = (state.latent for state in (self._real, self._dreamed, self._set_right))
        rebuilt, shown = self._network.vae.decode(torch.cat((seen, dreamed))[:, :code])
        return Dreamt(
            to_bytes(image[0]), to_bytes(rebuilt), to_bytes(shown), self._age,
            _compare(dreamed, seen, code), _compare(before, seen, code),
            torch.cat((seen, dreamed, before))[:, code:].numpy(), self._tiles, self._done,
        )  # fmt: skip


def dream_along(
    network: LatentController,
    pictures: NDArray[np.uint8],
    scalars: NDArray[np.float32],
    actions: NDArray[np.float32],
    style: DreamStyle = USUAL_STYLE,
    begins: int = 0,
    seed: int = 0,
) -> list[Dreamt]:
    """What is dreamed beside a whole drive of n steps, n + 1 instants; the same for the same seed.

    Args:
        pictures: (n + 1, channels, size, size), as the encoder reads them.
        scalars: (n + 1, scalars), as the network reads them.
        actions: (n, 3) that were done.
        begins: steps in each of which the dream is set right, before it goes on by itself.

    Raises:
        FeatureError: there is not one action fewer than pictures and scalars.
    """
    if not len(pictures) == len(scalars) == len(actions) + 1:
        raise FeatureError(
            f"a drive of {len(actions)} actions has one more picture and one more row of scalars, "
            f"got {len(pictures)} and {len(scalars)}"
        )
    seen = [
        (torch.from_numpy(pictures[row : row + 1]), torch.from_numpy(scalars[row : row + 1]))
        for row in range(len(pictures))
    ]
    dreamer = Dreamer(network, style)
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(seed)
        told = [dreamer.begin(*seen[0])]
        for step, (action, after) in enumerate(zip(actions, seen[1:], strict=True)):
            if step < begins:
                dreamer.set_right()
            told.append(dreamer.follow(action, *after))
    return told


def need_world(network: Network, name: str) -> LatentController:
    """The network, if it holds a world that can be dreamed.

    Raises:
        BundleError: it holds none.
    """
    if not isinstance(network, LatentController):
        raise BundleError(f"{name} has no world model, so it dreams of nothing; bundles of dream-driving have one")
    return network


def to_bytes(picture: Tensor) -> NDArray[np.uint8]:
    """A picture as uint8, whether it was 0..1 or 0..255."""
    if picture.dtype == torch.uint8:
        return picture.numpy()
    rounded: NDArray[np.uint8] = (255 * picture.clamp(0, 1)).round().to(torch.uint8).numpy()
    return rounded


def paint(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours (size, size, 3) of an encoder's picture (1 or 3, size, size): of a mask, a grey road in green grass, in
    which rules find the road again.
    """
    if len(picture) == 3:
        return np.moveaxis(picture, 0, -1).copy()
    grass = 100 * (picture[0].astype(np.float32) / 255)
    colours = np.full((*grass.shape, 3), 102, np.uint8)
    colours[..., 1] = np.round(102 + grass)
    return colours


def _compare(a: Tensor, b: Tensor, code: int) -> float:
    return float((a - b)[:, :code].square().mean())
