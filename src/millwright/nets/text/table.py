"""The encoders of text, by name."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from millwright.core.errors import choose
from millwright.nets.text.clip import Clip
from millwright.nets.text.encoder import TextEncoder
from millwright.nets.text.hashed import Hashed
from millwright.nets.text.minilm import MiniLM

TEXT_ENCODERS: dict[str, Callable[[str], TextEncoder]] = {"minilm": MiniLM, "clip": Clip, "hashed": Hashed}
"""Names in a pipeline -> what makes one from weights ("": its usual ones)."""


def load_text_encoder(name: str, weights: str = "") -> TextEncoder:
    """An encoder, loaded once in a process: it is frozen, so all may share it.

    Raises:
        UnknownNameError: no encoder of this name.
        MissingExtraError: a package that it needs is not installed.
        OptionError: its weights are not there or do not fit.
    """
    return _load(name, weights)


@lru_cache(maxsize=4)
def _load(name: str, weights: str) -> TextEncoder:
    return choose("text encoder", name, TEXT_ENCODERS)(weights).eval()
