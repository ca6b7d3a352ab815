"""Eye: how a network sees a picture and what was asked for in it, with any backbone and any routing of the prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, nn

from millwright.core.errors import FeatureError, OptionError, choose
from millwright.nets.pretrained import load_pretrained
from millwright.nets.resnet import ResNet18
from millwright.nets.routing import ROUTINGS
from millwright.nets.vision import ConvEye
from millwright.nets.vit import DinoViT


@dataclass(frozen=True)
class EyeConfig:
    """What an eye looks at and with."""

    routing: str = "crop"
    """How the prompt comes in: a row of `routing.ROUTINGS`."""
    image_size: int = 32
    """Side of the image or crop it gets, px."""
    backbone: str = "conv"
    """A row of `BACKBONES`: `conv`, small and from scratch, or `resnet18` or `dinov2`."""
    channels: tuple[int, ...] = (16, 32, 64, 128)
    """Of the convolutions of `conv`; each halves the side."""
    place_channels: int = 0
    """Numbers that each place of the picture is reduced to; 0: as many as the backbone gives."""
    weights: str = ""
    """A .safetensors file, or a folder with one, that `resnet18` or `dinov2` starts from."""
    frozen: bool = False
    """Leave the backbone as it is; `resnet18` and `dinov2` then see colours only."""


class ConvPlaces(nn.Module):
    """`ConvEye` with its places as tokens."""

    def __init__(self, size: int, num_painted: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.eye = ConvEye(size, num_painted, channels)
        self.side = size // 2 ** len(channels)
        self.num_channels = channels[-1]

    def forward(self, painted: Tensor) -> Tensor:
        """(batch, num_painted, size, size) -> (batch, side * side, num_channels)."""
        features: Tensor = self.eye(painted)
        return features.view(painted.shape[0], self.num_channels, -1).transpose(1, 2)


Backbone = ConvPlaces | ResNet18 | DinoViT


def _make_conv(config: EyeConfig, num_beside: int) -> Backbone:
    if config.weights:
        public = ", ".join(name for name in BACKBONES if name != "conv")
        raise OptionError(f"conv learns from scratch; backbones that take weights: {public}")
    return ConvPlaces(config.image_size, 5 + num_beside, config.channels)


def _make_public(kind: type[ResNet18 | DinoViT], config: EyeConfig, num_beside: int) -> Backbone:
    if config.frozen and num_beside:
        others = ", ".join(name for name, routing in ROUTINGS.items() if not routing.num_beside)
        told = f"a frozen {config.backbone} sees colours only, no {config.routing}"
        raise OptionError(f"{told}; routings that reach it: {others}")
    backbone = kind(config.image_size, 0 if config.frozen else 2 + num_beside)
    if config.weights:
        load_pretrained(backbone, config.weights, source=kind.SOURCE, unused=kind.UNUSED, own=kind.OWN)
    return backbone


BACKBONES: dict[str, Callable[[EyeConfig, int], Backbone]] = {
    "conv": _make_conv,
    "resnet18": partial(_make_public, ResNet18),
    "dinov2": partial(_make_public, DinoViT),
}
"""Names in a config -> what makes one, for so many channels beside the colours and the two coordinates."""


class Eye(nn.Module):
    """Tokens of what is seen: one for each place of the picture, row by row, and of the prompt where it makes one.

    Reads from a batch what its routing needs: `image` (batch, 3, image_size, image_size) 0..255 and `box` (batch, 4)
    x0, y0, x1, y1 in fractions of the image; or `crop`, as an image, and its `region` (batch, 4).

    Raises:
        UnknownNameError: no such routing or backbone.
        OptionError: sizes that do not fit, weights that cannot be had, a frozen backbone that a mask cannot reach.
    """

    def __init__(self, config: EyeConfig) -> None:
        super().__init__()
        self.config = config
        self.routing = choose("routing", config.routing, ROUTINGS)
        self.backbone = choose("backbone", config.backbone, BACKBONES)(config, self.routing.num_beside)
        self.backbone.requires_grad_(not config.frozen)
        self.num_channels = config.place_channels or self.backbone.num_channels
        self.reduce = (
            nn.Linear(self.backbone.num_channels, self.num_channels) if config.place_channels else nn.Identity()
        )
        self.route = self.routing.route(self.backbone.side, self.num_channels)
        self.inputs = self.routing.inputs
        self.num_tokens = self.backbone.side**2 + self.route.num_added
        self.num_features = self.num_tokens * self.num_channels

    def forward(self, batch: Mapping[str, Any]) -> Tensor:
        """Tokens (batch, num_tokens, num_channels); flattened, a vector of num_features.

        Raises:
            FeatureError: an input is missing, or the image is of another size.
        """
        if missing := [name for name in self.inputs if name not in batch]:
            raise FeatureError(f"the eye lacks {', '.join(missing)}; the batch has {', '.join(batch)}")
        painted = self.routing.paint(batch)
        size, found = self.config.image_size, tuple(painted.shape[2:])
        if found != (size, size):
            raise FeatureError(f"the eye is made for ({size}, {size}) px, the image has {found}; change image_size")
        tokens: Tensor = self.route(self.reduce(self.backbone(painted)), batch.get("box"))
        return tokens
