"""DreamDriver: somebody who drives while a world model dreams along, and who may see the dream in place of the road."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from millwright.core.errors import choose
from millwright.core.features import Observation
from millwright.core.policy import Action, Policy, Wrapper
from millwright.policies import dreamer
from millwright.policies.bundle import Bundle
from millwright.policies.dreamer import USUAL_STYLE, Dreamer, DreamStyle, Dreamt, need_world, paint, to_bytes
from millwright.policies.driving_pipeline import IMAGE, STATE
from millwright.processors.normalise import Normalise

Eyes = Literal["road", "dream"]
EYES = ("road", "dream")


@dataclass(frozen=True)
class DreamWish:
    """What a drive and its dream are to be like.

    Args:
        style: how the dream goes on.
        eyes: who drives sees the `road`, or the `dream` alone. The car does on the road what is done in the dream.

    Raises:
        UnknownNameError: no such eyes.
    """

    style: DreamStyle = USUAL_STYLE
    eyes: Eyes = "road"

    def __post_init__(self) -> None:
        choose("eyes", self.eyes, dict.fromkeys(EYES))


class DreamDriver(Wrapper):
    """A driver with a dream beside it, the newest instant of which is `dreamt`.

    Until the camera has come down (`BEGINS_S`) the dream is set right in every tick, and who drives sees the road.

    Args:
        policy: who drives. In the dream it sees what the world model's decoder draws of it.
        bundle: whose world model dreams.
        wish: asked at every tick.
        own: the policy is that of the same bundle: in the dream its controller reads the latent itself, as it learned.

    Raises:
        BundleError: the bundle has no world model.
        OptionError: the policy sees the truth, of which no dream tells.
    """

    def __init__(self, policy: Policy, bundle: Bundle, wish: Callable[[], DreamWish], own: bool = False) -> None:
        super().__init__(policy)
        self._bundle, self._wish, self._own = bundle, wish, own
        self._dreamer = Dreamer(need_world(bundle.network, "the bundle"))
        self._begins = round(dreamer.BEGINS_S * bundle.rate_hz)
        self._mean, self._spread = find_scale(bundle)
        self.reset(0)

    def reset(self, seed: int) -> None:
        super().reset(seed)
        self.dreamt: Dreamt | None = None
        self._done: Action = np.zeros(3, np.float32)
        self._tick = 0

    @property
    def speeds_m_s(self) -> tuple[float, float, float]:
        """Of `dreamt`: seen, dreamed, and seen when the dream was set right last."""
        assert self.dreamt is not None, "act comes first"
        seen, dreamed, before = (self._mean[0] + self._spread[0] * self.dreamt.scalars[:, 0]).tolist()
        return seen, dreamed, before

    def act(self, observation: Observation) -> Action:
        wish = self._wish()
        self._dreamer.style = wish.style
        image, scalars = look(self._bundle, observation)
        begun = self.dreamt is not None
        if begun and self._tick <= self._begins:
            self._dreamer.set_right()
        self.dreamt = self._dreamer.follow(self._done, image, scalars) if begun else self._dreamer.begin(image, scalars)
        self._done = self._decide(observation, wish)
        self._tick += 1
        return self._done

    def tell_done(self, action: Action) -> None:
        super().tell_done(action)
        self._done = action

    def _decide(self, observation: Observation, wish: DreamWish) -> Action:
        if wish.eyes == "road" or self._tick < self._begins:
            return self._policy.act(observation)
        return self._dreamer.decide() if self._own else self._policy.act(self._imagine(observation))

    def _imagine(self, observation: Observation) -> Observation:
        """What would be observed if the dream were true."""
        assert self.dreamt is not None
        height, width = observation[IMAGE].shape[:2]
        colours = torch.from_numpy(paint(self.dreamt.dreamed)).permute(2, 0, 1)[None].float()
        picture = torch.nn.functional.interpolate(colours, (height, width), mode="bilinear", align_corners=False)
        state = (self._mean + self._spread * self.dreamt.scalars[1]).astype(np.float32)
        return {**observation, IMAGE: to_bytes((picture[0] / 255).permute(1, 2, 0)), STATE: state}


def look(bundle: Bundle, observation: Observation) -> tuple[Tensor, Tensor]:
    """What the bundle's network reads of an observation: image (1, channels, size, size) and scalars (1, scalars)."""
    batch = {name: torch.from_numpy(np.array(observation[name]))[None] for name in (IMAGE, STATE)}
    with torch.inference_mode():
        seen = bundle.pipeline.observe(batch)
    return seen["image"], seen["scalars"]


def find_scale(bundle: Bundle) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of the scalars that the pipeline takes out of what the bar says; 0 and 1 where it takes none."""
    steps = [step for step in bundle.pipeline.inputs if isinstance(step, Normalise) and step.name == "scalars"]
    mean, spread = np.zeros(1, np.float32), np.ones(1, np.float32)
    for step in reversed(steps):
        mean, spread = step.mean.numpy() + step.std.numpy() * mean, step.std.numpy() * spread
    return mean, spread
