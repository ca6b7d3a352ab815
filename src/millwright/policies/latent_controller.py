"""LatentController: a picture as a code, a world model's memory of what came before, and what both make a car do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import mse_loss

from millwright.core.errors import OptionError, choose
from millwright.policies.controllers import Controller
from millwright.policies.network import PAST, Network
from millwright.policies.world_memory import BEGUN, CONTROLS, LATENT, MEMORY
from millwright.world_models.dream import compare_codes
from millwright.world_models.ego_motion import EgoMotion
from millwright.world_models.ensemble import Ensemble
from millwright.world_models.mdn_rnn import MdnRnn
from millwright.world_models.pixels import Pixels, PixelsConfig
from millwright.world_models.residual_gru import ResidualGru
from millwright.world_models.vae import DOCUMENT, Vae, VaeConfig
from millwright.world_models.world_model import State, WorldModel

VAES: Mapping[str, VaeConfig | PixelsConfig] = {"light": VaeConfig(), "document": DOCUMENT, "pixels": PixelsConfig()}
"""What makes a code of a picture; `pixels` leaves it as it is."""
WORLDS: Mapping[str, type[WorldModel]] = {"ego-motion": EgoMotion, "residual-gru": ResidualGru, "mdn-rnn": MdnRnn}


@dataclass(frozen=True)
class LatentControllerConfig:
    """What it is made of.

    Args:
        vae: a row of `VAES`; `ego-motion` moves pictures and needs `pixels`.
        world: a row of `WORLDS`.
        memory: numbers that it remembers, width of a recurrent layer; 0: as many as its kind has by itself.
        scalars: numbers that are seen beside the picture.
        members: world models that dream together.
        widths: of the controller's hidden layers; none: the linear one, of 867 numbers.
        memoryless: the controller does not use the memory (a control, and what can be cloned).
        untrained: the memory that the controller reads is that of a world that never learned (a control).
        odometry: `ego-motion` knows what speed and gyro mean for its motion before it learns.

    Raises:
        OptionError: a control that contradicts itself.
        UnknownNameError: no such VAE or world.
    """

    vae: str = "light"
    world: str = "residual-gru"
    memory: int = 0
    scalars: int = 7
    members: int = 1
    widths: tuple[int, ...] = (128, 128)
    memoryless: bool = False
    untrained: bool = False
    odometry: bool = True

    def __post_init__(self) -> None:
        choose("VAE", self.vae, VAES)
        choose("world", self.world, WORLDS)
        if self.memoryless and self.untrained:
            raise OptionError("a controller without memory has none to be untrained; choose one of both controls")


class LatentController(Network):
    """Its parts, `vae`, `model` and `controller`, learn by themselves, the last of them in dreams of the second."""

    Config = LatentControllerConfig
    config: LatentControllerConfig

    def __init__(self, config: LatentControllerConfig) -> None:
        super().__init__()
        self.config = config
        sees = VAES[config.vae]
        self.vae = Pixels(sees) if isinstance(sees, PixelsConfig) else Vae(sees)
        code = self.vae.config.code
        kind = WORLDS[config.world]
        known: dict[str, Any] = {"memory": config.memory} if config.memory else {}
        if not config.odometry:
            known["odometry"] = ()
        sizes = kind.Config(code=code, scalars=config.scalars, **known)
        members = [kind(sizes) for _ in range(config.members)]
        alone = len(members) == 1 and not config.untrained
        self.model = members[0] if alone else Ensemble(members, kind(sizes) if config.untrained else None)
        self.controller = Controller(code, config.scalars, sizes.memory, config.widths, blank=config.memoryless)

    @property
    def inputs(self) -> tuple[str, ...]:
        return ("image", "scalars")

    @property
    def kept(self) -> Mapping[str, int]:
        return dict.fromkeys((LATENT, MEMORY, CONTROLS, BEGUN), 1)

    def look(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """The latent, and what is kept of the tick before the first: nothing."""
        latent = torch.cat((self.vae.encode(batch["image"])[0], batch["scalars"]), 1)
        blank = latent.new_zeros(len(latent), self.model.width + 4).split((self.model.width, 3, 1), 1)
        return {LATENT: latent, **dict(zip((MEMORY, CONTROLS, BEGUN), blank, strict=True))}

    def carry(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """The memory of what was seen and done up to here, and what is to be done now."""
        latent, done, memory, begun = (batch[PAST + name][:, 0] for name in (LATENT, CONTROLS, MEMORY, BEGUN))
        first = self.model.initial(batch[LATENT])
        seen = self.model.observe(State(latent, memory), done, batch[LATENT])
        now = State(batch[LATENT], torch.where(begun > 0, seen.memory, first.memory))
        controls = self.controller(self.model.read(now))
        return {MEMORY: now.memory, CONTROLS: controls, BEGUN: torch.ones_like(begun)}

    def measure_surprise(self, before: State, done: Tensor, latent: Tensor) -> Tensor:
        """(batch,): how far the code in `latent` (batch, latent) is from what the world model dreams of that step."""
        dreamed, _ = self.model.imagine(before, done, temperature=0.0)
        return compare_codes(self.vae.config.code, dreamed.latent, latent)

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        """(batch, 1, 3): what `carry` found; from nothing kept, what is done in a first tick."""
        if CONTROLS in batch:
            controls: Tensor = batch[CONTROLS]
        else:
            seen = self.look(batch)
            controls = self.controller(self.model.read(State(seen[LATENT], seen[MEMORY])))
        return controls.unsqueeze(1)

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """Of cloning: the squared error of the actions to `target` (batch, 1, 3), the encoder learning too.

        Raises:
            OptionError: its controller reads a memory, of which single frames tell nothing: it learns in dreams.
        """
        if not self.config.memoryless:
            raise OptionError("only a controller without memory is cloned from frames (memoryless=True)")
        return {"loss": mse_loss(self.sample(batch).float(), batch["target"])}
