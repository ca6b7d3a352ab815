"""vla: pictures and an instruction in, a chunk of arm motions and gripper commands out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, l1_loss

from millwright.core.errors import OptionError, choose
from millwright.nets.chunk_decoders import MlpDecoder, TransformerDecoder
from millwright.nets.eye import BACKBONES, EyeConfig
from millwright.nets.film import FilmEye
from millwright.nets.fusion import BELIEVED, AttentionFusion, FilmFusion, PointingFusion
from millwright.nets.mlp import MLP
from millwright.nets.pointing import POINTED, PointingEye, compute_pointing_loss
from millwright.nets.vision import paint_coordinates
from millwright.policies.network import PAST, Network

POINTS = "label.points"
"""Where in each camera's picture what is meant lies (batch, cameras, 2), as `compute_pointing_loss` takes it."""


@dataclass(frozen=True)
class VlaConfig:
    """Sizes of the network; those that are there by default train on two CPU cores in minutes."""

    length: int = 10
    dof: int = 7
    gripper: bool = True
    """The last number of an action is the probability that the gripper closes; else a number like the others."""
    gripper_weight: float = 0.5
    """What the gripper's cross-entropy counts beside the motion's L1."""
    cameras: tuple[str, ...] = ("agentview", "wrist")
    image_size: int = 96
    backbone: str = "conv"
    """A row of `nets.eye.BACKBONES`; each camera has an eye of its own."""
    channels: tuple[int, ...] = (16, 32, 64, 96, 128)
    weights: str = ""
    frozen: bool = False
    text: int = 384
    """Numbers of an embedding; 0: no words (a control)."""
    words: int = 0
    """Tokens that come with a text's embedding."""
    fusion: str = "film"
    """How words meet pictures: `film` modulates the last convolutions of `conv`, `pointing` finds in its places what is
    meant, `attention` comes after any eye."""
    film_width: int = 64
    film_layers: int = 4
    """Of the convolutions, the last ones: with the words early, colours are told apart where things are still large."""
    questions: int = 4
    """Asked of the text's tokens, with `pointing`: what is not asked for is not heard."""
    query: int = 64
    """Numbers of what is asked for, with `pointing`."""
    context: int = 1
    """Convolutions more before it points, with `pointing`."""
    pointing_weight: float = 0.2
    """What the cross-entropy of pointing counts."""
    heads: int = 8
    hidden: int = 1024
    """Width within the fusion's feed-forward network, with `attention`."""
    history: int = 1
    """Frames of each camera, with `attention`; earlier ones are pooled to one token."""
    proprio: int = 8
    """Numbers beside the pictures; 0: none."""
    recent: int = 2
    """Calls whose numbers it reads, the newest included: one tells where a hand is, two how fast it moves."""
    proprio_widths: tuple[int, ...] = (64, 64)
    decoder: str = "mlp"
    """`mlp` over all places at once, or `transformer`, in which each action asks."""
    head_widths: tuple[int, ...] = (192, 192)
    width: int = 384
    blocks: int = 4
    ratio: int = 3


DOCUMENT: Mapping[str, Any] = {
    "cameras": ("agentview",),
    "image_size": 224,
    "backbone": "resnet18",
    "text": 512,
    "words": 16,
    "fusion": "attention",
    "history": 10,
    "proprio": 0,
    "decoder": "transformer",
}
"""Fields of the published report's network: 11.2 M of vision, 2.1 M of fusion, 8.3 M of decoder, with CLIP's 63.4 M of
text beside them. Its text was one vector; vision attends to its tokens too, as one alone leaves nothing to attend to.
Unlike there, the newest frame keeps its places: averaged over the picture, where things are is lost."""


class Vla(Network):
    """Vision that words modulate, and a decoder of chunks; L1 on the motion, cross-entropy on the gripper.

    Reads each of its `cameras` (batch, 3, image_size, image_size) 0..255, `text` as `processors.text` makes it,
    `proprio` (batch, proprio), `past.proprio` (batch, recent - 1, proprio), and with a history each `past.CAMERA`
    (batch, history - 1, 3, ...).

    Raises:
        OptionError: parts that do not go together.
        UnknownNameError: no such backbone, fusion or decoder.
    """

    Config = VlaConfig
    config: VlaConfig

    def __init__(self, config: VlaConfig) -> None:
        super().__init__()
        make_fusion = choose("fusion", config.fusion, FUSIONS)
        make_decoder = choose("decoder", config.decoder, DECODERS)
        least = {
            name: getattr(config, name)
            for name in ("history", "recent", "blocks", "length", "film_layers", "questions", "query")
        }
        least |= {name: len(getattr(config, name)) for name in ("cameras", "channels")}
        if low := [f"{name}={value}" for name, value in least.items() if value < 1]:
            raise OptionError(f"each of these has to be 1 or more: {', '.join(low)}")
        if low := [
            f"{name}={getattr(config, name)}" for name in ("proprio", "words", "context") if getattr(config, name) < 0
        ]:
            raise OptionError(f"each of these has to be 0 or more: {', '.join(low)}")
        self.config = replace(config, weights="")  # from here on they are the network's own, and travel in its bundle
        self.vision = _make_eyes(config)
        eye: Any = next(iter(self.vision.values()))
        self.fusion = make_fusion(config, eye)
        numbers = config.proprio * config.recent
        self.body = MLP(numbers, config.proprio_widths, activate_last=True) if numbers else None
        num_tokens = len(config.cameras) * (eye.side**2 + isinstance(eye, PointingEye) + config.history - 1)
        body = self.body.num_features if self.body else 0
        self.decoder = make_decoder(config, (num_tokens, eye.num_channels), body)

    @property
    def inputs(self) -> tuple[str, ...]:
        cameras = self.config.cameras
        text, proprio = ("text",) if self.config.text else (), ("proprio",) if self.body else ()
        return (*cameras, *text, *proprio, *(PAST + name for name in self.looked_back))

    @property
    def labels(self) -> tuple[str, ...]:
        return (POINTS,) if isinstance(self.fusion, PointingFusion) else ()

    @property
    def looked_back(self) -> Mapping[str, int]:
        """Inputs of which it reads earlier ones too, and how many."""
        frames = dict.fromkeys(self.config.cameras if self.config.history > 1 else (), self.config.history - 1)
        return {**frames, **self._recent}

    @property
    def kept(self) -> Mapping[str, int]:
        frames = {"pooled": self.config.history - 1} if self.config.history > 1 else {}
        pointing = {BELIEVED: 1} if isinstance(self.fusion, PointingFusion) else {}
        return {**frames, **pointing, **self._recent}

    @property
    def _recent(self) -> Mapping[str, int]:
        return {"proprio": self.config.recent - 1} if self.body and self.config.recent > 1 else {}

    def look(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`places` (batch, places of all cameras, channels), and `pooled` (batch, cameras, channels) with a history; of
        one that points what `PointingFusion.look` gives: its places wait for what it has believed so far.
        """
        pictures = {camera: paint_coordinates(batch[camera]) for camera in self.config.cameras}
        text = batch.get("text")
        if isinstance(self.fusion, PointingFusion):
            return self.fusion.look(self.vision, pictures, text)
        seen = self.fusion.look(self.vision, pictures, text)
        pooled = {"pooled": torch.stack([places.mean(1) for places in seen], 1)} if self.config.history > 1 else {}
        return {"places": torch.cat(seen, 1), **pooled}

    def carry(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`places` and `scores` of one that points, and what it believes from now on."""
        if not isinstance(self.fusion, PointingFusion):
            return {}
        before = batch.get(PAST + BELIEVED)
        return self.fusion.point(self.vision, batch, None if before is None else before[:, 0])

    def sample(self, batch: Mapping[str, Any]) -> Tensor:
        chunk = self._decode(batch)
        if self.config.gripper:
            chunk = torch.cat((chunk[..., :-1], chunk[..., -1:].sigmoid()), 2)
        return chunk

    def loss(self, batch: Mapping[str, Any]) -> dict[str, Tensor]:
        """`motion`, the L1 of all but the gripper; `gripper` and `pointing`, cross-entropies; their weighted sum."""
        seen = self._see(batch)
        chunk, target = self._decode(seen).float(), batch["target"]
        if not self.config.gripper:
            losses = {"motion": l1_loss(chunk, target)}
        else:
            motion = l1_loss(chunk[..., :-1], target[..., :-1])
            losses = {"motion": motion, "gripper": binary_cross_entropy_with_logits(chunk[..., -1], target[..., -1])}
        if POINTS in batch and "scores" in seen:
            losses["pointing"] = compute_pointing_loss(seen["scores"].float(), batch[POINTS].float())
        weights = {"motion": 1.0, "gripper": self.config.gripper_weight, "pointing": self.config.pointing_weight}
        return {"loss": torch.stack([weights[name] * loss for name, loss in losses.items()]).sum(), **losses}

    def _see(self, batch: Mapping[str, Any]) -> Mapping[str, Any]:
        seen = {**batch, **self.look(batch)}
        return {**seen, **self.carry(seen)}

    def _decode(self, batch: Mapping[str, Any]) -> Tensor:
        """(batch, length, dof), the gripper as a logit."""
        seen = batch if "places" in batch else self._see(batch)
        tokens = seen["places"]
        if self.config.history > 1:
            past = seen[PAST + "pooled"] if PAST + "pooled" in seen else self._look_back(batch)
            tokens = torch.cat((tokens, past.flatten(1, 2)), 1)
        body = self.body(self._gather_numbers(batch)) if self.body else None
        chunk: Tensor = self.decoder(self.fusion(tokens, batch.get("text")), body)
        return chunk

    def _gather_numbers(self, batch: Mapping[str, Any]) -> Tensor:
        """The newest and the earlier ones: (batch, proprio * recent)."""
        now: Tensor = batch["proprio"]
        return torch.cat((now, batch[PAST + "proprio"].flatten(1)), 1) if self._recent else now

    def _look_back(self, batch: Mapping[str, Any]) -> Tensor:
        """Earlier frames pooled: (batch, history - 1, cameras, channels)."""
        names = self.config.cameras
        frames = {camera: batch[PAST + camera].flatten(0, 1) for camera in names}
        pooled = self.look(frames)["pooled"]
        return pooled.view(-1, self.config.history - 1, len(names), pooled.shape[2])


def _make_eyes(config: VlaConfig) -> nn.ModuleDict:
    """An eye for each camera."""
    if config.fusion != "attention":
        return nn.ModuleDict({name: _make_hearing_eye(config) for name in config.cameras})
    make = choose("backbone", config.backbone, BACKBONES)
    shared = EyeConfig(
        image_size=config.image_size, backbone=config.backbone, channels=config.channels,
        weights=config.weights, frozen=config.frozen,
    )  # fmt: skip
    return nn.ModuleDict({name: make(shared, 0).requires_grad_(not config.frozen) for name in config.cameras})


def _make_hearing_eye(config: VlaConfig) -> FilmEye | PointingEye:
    """An eye that hears while it looks."""
    if config.backbone != "conv" or config.history > 1 or config.frozen:
        raise OptionError(
            f"{config.fusion} works on conv, newly trained, while it looks at a frame: it goes with no "
            f"backbone={config.backbone}, history={config.history}, frozen={config.frozen}; fusion='attention' does"
        )
    if config.fusion == "film":
        return FilmEye(config.image_size, 5, config.channels)
    if len(config.channels) <= POINTED:
        raise OptionError(f"pointing needs more than {POINTED} convolutions, and there are {len(config.channels)}")
    return PointingEye(config.image_size, 5, config.channels, config.context, config.query)


def _make_film(config: VlaConfig, eye: Any) -> FilmFusion:
    if config.words:
        raise OptionError(f"film hears a text as a whole, not its words={config.words}; fusion='pointing' does")
    return FilmFusion(config.cameras, config.text, config.film_width, config.channels[-config.film_layers :])


def _make_pointing(config: VlaConfig, eye: Any) -> PointingFusion:
    return PointingFusion(config.cameras, config.text, config.questions, config.query, eye.num_features)


def _make_attention(config: VlaConfig, eye: Any) -> AttentionFusion:
    return AttentionFusion(eye.num_channels, config.text, config.heads, config.hidden)


def _make_mlp(config: VlaConfig, tokens: tuple[int, int], body: int) -> MlpDecoder:
    return MlpDecoder(tokens, body, (config.length, config.dof), config.head_widths)


def _make_transformer(config: VlaConfig, tokens: tuple[int, int], body: int) -> TransformerDecoder:
    sizes = {"width": config.width, "heads": config.heads, "blocks": config.blocks, "ratio": config.ratio}
    return TransformerDecoder(tokens, body, (config.length, config.dof), **sizes)


FUSIONS: dict[str, Callable[[VlaConfig, Any], FilmFusion | PointingFusion | AttentionFusion]] = {
    "film": _make_film,
    "pointing": _make_pointing,
    "attention": _make_attention,
}
DECODERS: dict[str, Callable[[VlaConfig, tuple[int, int], int], MlpDecoder | TransformerDecoder]] = {
    "mlp": _make_mlp,
    "transformer": _make_transformer,
}
