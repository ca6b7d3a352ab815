"""OnnxBundle: an exported bundle, which plans as the one it was made of does, without torch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from millwright.core.errors import BundleError, MillwrightError
from millwright.core.features import Feature, Features
from millwright.core.manifest import Manifest
from millwright.policies import golden
from millwright.policies.card import Subject, draw_card
from millwright.policies.folder import CARD, MANIFEST, REMEDY, load_manifest, read_content, write_folder
from millwright.policies.onnx_planner import Array, OnnxPlanner, Words


@dataclass(frozen=True, eq=False)
class OnnxBundle:
    """A graph from observations to actions, and what a bundle tells beside it.

    Its configuration holds what the original's does, with the rows of its pipeline, the size of its parts, and the
    encoders of texts that the graph wants embeddings of.
    """

    model: bytes
    config_json: bytes
    manifest: Manifest

    @cached_property
    def config(self) -> Mapping[str, Any]:
        values: Mapping[str, Any] = json.loads(self.config_json)
        return values

    @cached_property
    def inputs(self) -> Features:
        """The observation it needs."""
        return Features.from_json(self.config["inputs"])

    @cached_property
    def action(self) -> Feature:
        """One action of its chunks."""
        return next(iter(Features.from_json([self.config["action"]]).values()))

    @property
    def rate_hz(self) -> float:
        """Actions a second."""
        rate: float = self.config["rate_hz"]
        return rate

    @property
    def precision(self) -> str:
        """`fp32` or `int8`."""
        return str(self.config["precision"])

    @property
    def env(self) -> str:
        return self.manifest.env

    @property
    def env_options(self) -> Mapping[str, Any]:
        return self.manifest.env_options

    def make_manifest(self) -> Manifest:
        """The manifest, as for `Bundle`."""
        return self.manifest

    def planner(self, threads: int = 1) -> OnnxPlanner:
        """What plans with it; un-normalising is inside.

        Raises:
            MissingExtraError: ONNX Runtime is not installed, or an encoder of texts not.
            BundleError: ONNX Runtime does not take the graph.
        """
        words = tuple(_make_words(row) for row in self.config["texts"])
        return OnnxPlanner(
            self.model, self.inputs, self.action, self.rate_hz, words=words, digest=self.manifest.id, threads=threads
        )

    def accept(self, trial: Mapping[str, Any]) -> OnnxBundle:
        """The same with what its trial found; its id stays."""
        return replace(self, manifest=replace(self.manifest, accepted=dict(trial)))

    def save(self, path: Path | str, card: str | None = None) -> Manifest:
        """As `Bundle.save`."""
        target = Path(path)
        files = {"model.onnx": self.model, "config.json": self.config_json}
        files.update(golden.make_file(self.planner, self.manifest.id))
        files[MANIFEST] = json.dumps(self.manifest.to_json(), indent=2, allow_nan=False).encode()
        files[CARD] = (card or draw_card(self.describe(target.name, self.manifest))).encode()
        write_folder(target, files)
        return self.manifest

    def describe(self, name: str, manifest: Manifest) -> Subject:
        """As `Bundle.describe`."""
        rows = self.config["parts"].items()
        lines = [f"| {part} | {sum(count):,} |" for part, count in sorted(rows, key=lambda row: -sum(row[1]))]
        return Subject(
            name, manifest, "\n".join(("| part of the original | parameters |", "| --- | ---: |", *lines)) + "\n",
            tuple(f"`{feature.name}` {feature.shape}" for feature in self.inputs.values()),
            f"chunks of `{self.action.name}` {self.action.shape} at {self.rate_hz:g} Hz",
        )  # fmt: skip


def load_onnx_bundle(folder: Path) -> OnnxBundle:
    """Read an exported bundle, after checking that every file is there and unaltered.

    Raises:
        BundleError: a file is missing, altered or does not fit; says which and what to do.
    """
    manifest = load_manifest(folder)
    files = read_content(folder, manifest)
    bundle = OnnxBundle(files["model.onnx"], files["config.json"], manifest)
    try:
        bundle.describe(folder.name, manifest)  # touches all that is read late
        if not isinstance(bundle.config["texts"], list) or not bundle.precision:
            raise ValueError("config.json tells no texts")
    except (MillwrightError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise BundleError(f"bundle {folder} does not fit this version of millwright: {error!r}; {REMEDY}") from error
    return bundle


def _make_words(row: Mapping[str, Any]) -> Words:
    # encoders of sentences are networks of torch; nothing else here needs it
    from millwright.processors.text import EncodeText

    encoder = EncodeText(**row)
    encoder.load()

    def encode(texts: Sequence[str]) -> Array:
        return np.asarray(encoder.encode(texts).numpy())

    return Words(encoder.text, encoder.to, encode)
