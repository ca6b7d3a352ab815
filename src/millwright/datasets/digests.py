"""Digests of episodes: equal when their frames are, wherever they stand in a dataset."""

from __future__ import annotations

import hashlib

import numpy as np

from millwright.datasets.folder import Columns
from millwright.datasets.schema import STANDARD


def digest_columns(columns: Columns) -> bytes:
    """Of an episode's content, wherever it stands in a dataset."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(columns):
        if name not in STANDARD:
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(columns[name]).tobytes())
    return digest.digest()
