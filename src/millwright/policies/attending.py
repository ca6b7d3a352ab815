"""What a vla attends to: its picture to the words, the actions of its chunk to the picture, and where it points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from millwright.core.errors import BundleError
from millwright.core.features import Observation
from millwright.core.planner import Chunk
from millwright.nets.chunk_decoders import TransformerDecoder
from millwright.nets.fusion import AttentionFusion
from millwright.nets.pointing import PointingEye
from millwright.nets.transformer import CrossAttention, DecoderBlock, compute_attention
from millwright.policies.bundle import Bundle
from millwright.policies.vla import Vla

Map = NDArray[np.float32]
"""(rows, columns) over the places of a camera's picture."""
WHOLE_TEXT = "the whole sentence"


@dataclass(frozen=True, eq=False)
class Glance:
    """Where somebody looked, or was looked from."""

    who: str
    maps: Mapping[str, Map]
    """Of each camera."""


@dataclass(frozen=True, eq=False)
class Attention:
    """Of one call; all are empty for a network that attends to nothing."""

    to_words: tuple[Glance, ...]
    """For each token of the text, how much each place of the pictures looks at it, 0 to 1."""
    to_picture: tuple[Glance, ...]
    """For each action of the chunk, how much it looks at each place: a part of 1, mean over blocks and heads."""
    pointed: Mapping[str, Map] = field(default_factory=dict)
    """Of each camera, how sure it is that what is meant lies at each place: a part of 1; the rest: not to be seen."""


def plan_watched(bundle: Bundle, observation: Observation) -> tuple[Chunk, Attention]:
    """The chunk that a bundle of a `vla` plans for an observation, without memory of others, and what it attends to.

    Raises:
        BundleError: it is of another network.
        FeatureError: the observation is not what the bundle declares.
    """
    if not isinstance(bundle.network, Vla):
        raise BundleError(f"this needs a bundle of vla, this one is of {type(bundle.network).__name__}")
    planner = bundle.planner()
    planner.network = bundle.network  # as it was trained: the quick form works some of it out beforehand
    words, blocks = _find_attending(bundle.network)
    taken: dict[nn.Module, Tensor] = {}
    hooks = [
        layer.register_forward_hook(lambda layer, _, out: taken.__setitem__(layer, out))
        for attention in (*words, *blocks)
        for layer in (attention.query, attention.key_value)
    ]
    eyes = {camera: eye for camera, eye in bundle.network.vision.items() if isinstance(eye, PointingEye)}
    hooks += [
        eye.score.register_forward_hook(lambda layer, _, out: taken.__setitem__(layer, out)) for eye in eyes.values()
    ]
    masks = [part.register_forward_pre_hook(_remember_mask(taken)) for part in words]
    try:
        chunks, _ = planner.plan([observation], [None])
    finally:
        for hook in (*hooks, *masks):
            hook.remove()
    looked = [_weigh(part, taken) for part in words], [_weigh(part, taken) for part in blocks]
    pointed = {camera: _lay_out_scores(taken[eye.score][0], eye.places) for camera, eye in eyes.items()}
    return chunks[0], _tell(bundle, str(observation.get("task", "")), *looked, pointed)


def _lay_out_scores(scores: Tensor, side: int) -> Map:
    return np.asarray(scores.float().softmax(0)[:-1].view(side, side).numpy())


def _find_attending(network: Vla) -> tuple[list[CrossAttention], list[CrossAttention]]:
    """What looks at words, and what looks at pictures."""
    fusion, decoder = network.fusion, network.decoder
    hears = isinstance(fusion, AttentionFusion) and fusion.attention is not None
    words = [cast(CrossAttention, fusion.attention)] if hears else []
    blocks = decoder.queries.blocks if isinstance(decoder, TransformerDecoder) else ()
    return words, [cast(DecoderBlock, block).cross for block in blocks]


def _remember_mask(taken: dict[Any, Tensor]) -> Any:
    def remember(part: nn.Module, inputs: tuple[Any, ...]) -> None:
        if len(inputs) > 2 and inputs[2] is not None:
            taken[part] = inputs[2]

    return remember


def _weigh(part: CrossAttention, taken: Mapping[Any, Tensor]) -> Tensor:
    """Mean over heads: (queries, keys)."""
    key = taken[part.key_value].chunk(2, 2)[0]
    query = taken[part.query].expand(len(key), -1, -1)
    return compute_attention(query, key, part.heads, taken.get(part)).mean(1)[0]


def _tell(
    bundle: Bundle, text: str, words: list[Tensor], blocks: list[Tensor], pointed: Mapping[str, Map]
) -> Attention:
    network = cast(Vla, bundle.network)
    side = cast(Any, next(iter(network.vision.values()))).side
    cameras = network.config.cameras
    tokens_each = side**2 + bool(pointed)

    def lay_out(row: Tensor) -> dict[str, Map]:
        tokens = row[: len(cameras) * tokens_each].reshape(len(cameras), tokens_each)
        places = tokens[:, : side**2].reshape(len(cameras), side, side)
        return dict(zip(cameras, places.float().numpy(), strict=True))

    to_words = words[0].T if words else torch.zeros(0, 0)
    tokens = _name_tokens(bundle, text, len(to_words))
    actions = torch.stack(blocks).mean(0) if blocks else torch.zeros(0, 0)
    return Attention(
        tuple(Glance(token, lay_out(row)) for token, row in zip(tokens, to_words, strict=False)),
        tuple(Glance(f"action {number}", lay_out(row)) for number, row in enumerate(actions, 1)),
        pointed,
    )


def _name_tokens(bundle: Bundle, text: str, count: int) -> tuple[str, ...]:
    """The whole text, and those of its tokens that the network gets."""
    spelled = bundle.pipeline.texts[0].load().spell(text) if bundle.pipeline.texts else ()
    return (WHOLE_TEXT, *spelled)[:count]
