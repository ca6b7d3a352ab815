"""clip: CLIP's text transformer (Radford et al. 2021), loaded with its tokeniser by `transformers`."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from millwright.core.errors import OptionError, import_extra
from millwright.nets.text.encoder import TextEncoder

DEFAULT = "openai/clip-vit-base-patch32"
"""63.4 million parameters, 512 numbers a text."""


class Clip(TextEncoder):
    """What CLIP compares with pictures, and its last hidden states as tokens.

    Args:
        weights: a folder with the model and its tokeniser, or a name on the Hugging Face hub; "": `DEFAULT`.

    Raises:
        MissingExtraError: transformers is not installed.
        OptionError: nothing there, or not to be reached; says how to fetch it.
    """

    def __init__(self, weights: str = "") -> None:
        super().__init__()
        transformers = import_extra("transformers", "clip")
        source = weights or DEFAULT
        try:
            self._tokeniser = transformers.CLIPTokenizer.from_pretrained(source)
            self.clip = transformers.CLIPTextModelWithProjection.from_pretrained(source, use_safetensors=True)
        except (OSError, ValueError, TypeError) as error:
            raise OptionError(_tell_missing(source, error)) from error
        self.clip.eval().requires_grad_(False)
        self.dim = self.clip.config.projection_dim
        if self.clip.config.hidden_size != self.dim:
            raise OptionError(
                f"{source} has tokens of {self.clip.config.hidden_size} and texts of {self.dim} numbers; those of one "
                f"length are wanted: {DEFAULT}, for example"
            )

    def spell(self, text: str) -> tuple[str, ...]:
        longest = self.clip.config.max_position_embeddings
        ids = self._tokeniser(text, truncation=True, max_length=longest)["input_ids"]
        return tuple(self._tokeniser.convert_ids_to_tokens(ids))

    def _encode(self, texts: list[str]) -> tuple[Tensor, Tensor, Tensor]:
        longest = self.clip.config.max_position_embeddings
        batch = self._tokeniser(texts, padding=True, truncation=True, max_length=longest, return_tensors="pt")
        seen = self.clip(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])
        return seen.text_embeds, seen.last_hidden_state, batch["attention_mask"].bool()


def _tell_missing(source: str, error: Exception) -> str:
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if Path(source).exists():
        wanted = "config.json, model.safetensors, vocab.json and merges.txt of a CLIP"
        return f"the folder {source} holds no CLIP text model that transformers can read ({first}); it wants {wanted}"
    return (
        f"{source} can neither be found nor fetched ({first}); where there is a network: hf download {DEFAULT} "
        "--local-dir clip, then give the folder clip"
    )
