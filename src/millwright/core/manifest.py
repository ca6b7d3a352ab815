"""Manifest: what a bundle is, what it was made from and for. Its id is a digest of its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Manifest:
    """Identity and lineage of a bundle. Metrics and the card are annotations outside it."""

    digests: Mapping[str, str]
    """File name -> sha256 of weights, config and pipeline."""
    network: str
    env: str
    env_options: Mapping[str, Any]
    judge: str
    lineage: Mapping[str, Any] = field(default_factory=dict)
    """What it was made from: recipe, fields, dataset digest, training seed, versions."""
    schema: int = 1
    runtime: str = "torch"
    """What runs it: `torch`, or `onnx` for an export."""
    accepted: Mapping[str, Any] | None = None
    """Of an export, what its trial found: margin, seeds, counts, interval, whether it was accepted.

    An annotation, outside the id as the card is: the trial's own results name the id of what was tried. It guards
    against mistakes, not against whoever may write the folder, who may write weights and digests too.
    """

    @property
    def id(self) -> str:
        """Digest of weights, config and pipeline: equal exactly when the content is equal."""
        lines = "".join(f"{name}:{digest}\n" for name, digest in sorted(self.digests.items()))
        return hashlib.sha256(lines.encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, **asdict(self)}

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Manifest:
        return Manifest(**{key: value for key, value in values.items() if key != "id"})


def compute_digest(path: Path) -> str:
    """sha256 of a file's content, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
