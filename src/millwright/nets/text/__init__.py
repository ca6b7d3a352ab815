"""Frozen encoders of text behind one contract."""

from millwright.nets.text.encoder import Text, TextEncoder
from millwright.nets.text.table import TEXT_ENCODERS, load_text_encoder

__all__ = ["TEXT_ENCODERS", "Text", "TextEncoder", "load_text_encoder"]
