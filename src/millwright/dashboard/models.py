"""Models: what a bundle is made of and was made from, as the page Model shows it."""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.core.errors import BundleError, MillwrightError, choose
from millwright.core.features import Feature

if TYPE_CHECKING:
    from millwright.policies.bundle import Bundle
    from millwright.policies.onnx_bundle import OnnxBundle

TRAINING = "training"
"""The folder beside a bundle in which a recipe leaves what its training said."""
MOST_ROWS = 400
"""Of a training curve: more would not be seen."""
UNPLOTTED = ("step", "samples", "seconds", "samples_per_s", "cpu_seconds", "lr", "grad_norm")
"""Numbers in a row that are no losses."""


class Models:
    """The bundles of a dashboard, read when they are first asked for.

    Args:
        folders: name -> folder of the bundle.
    """

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders
        self._told: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._folders)

    def tell(self, name: str) -> dict[str, Any]:
        """All there is to know about a bundle, as JSON says it.

        Raises:
            UnknownNameError: no bundle of that name here.
            BundleError: it is damaged.
        """
        folder = choose("bundle", name, self._folders)
        with self._lock:
            if name not in self._told:
                self._told[name] = describe_model(name, folder)
        return self._told[name]


def describe_model(name: str, folder: Path) -> dict[str, Any]:
    """What a bundle is made of, what it sees and answers, its training as far as that is there, and its card.

    Raises:
        BundleError: the bundle is damaged.
    """
    from millwright.policies.folder import CARD, load_manifest
    from millwright.policies.loading import load_bundle

    bundle, manifest = load_bundle(folder), load_manifest(folder)
    config = json.loads((folder / "config.json").read_text())
    pipeline = config.get("pipeline") or json.loads((folder / "pipeline.json").read_text())
    card = folder / CARD
    parts, problem = _count_parts(bundle)
    return {
        "name": name,
        "id": manifest.id,
        "network": manifest.network,
        "env": manifest.env,
        "env_options": dict(manifest.env_options),
        "judge": manifest.judge,
        "rate_hz": bundle.rate_hz,
        "inputs": [_describe_feature(feature) for feature in bundle.inputs.values()],
        "action": _describe_feature(bundle.action),
        "length": config["config"].get("length"),
        "before": [_describe_step(row) for row in pipeline["inputs"]],
        "after": [_describe_step(row) for row in pipeline["outputs"]],
        "config": config["config"],
        "parts": parts,
        "problem": problem,
        "lineage": dict(manifest.lineage),
        "curves": load_curves(folder, manifest.lineage.get("loss")),
        "card": card.read_text(encoding="utf-8") if card.is_file() else "",
    }


def _count_parts(bundle: Bundle | OnnxBundle) -> tuple[list[dict[str, Any]], str]:
    """Parameters part by part, largest first; without encoders of text, and why, where these cannot be loaded.

    Of an export, those of what it was made of.
    """
    from millwright.nets.parameters import count_parameters
    from millwright.policies.onnx_bundle import OnnxBundle

    if isinstance(bundle, OnnxBundle):
        sizes = sorted(bundle.config["parts"].items(), key=lambda row: -sum(row[1]))
        return [{"name": n, "trainable": a, "frozen": b, "beside": False} for n, (a, b) in sizes], ""
    own, problem = count_parameters(bundle.network), ""
    try:
        counts = bundle.count_parameters()
    except MillwrightError as error:
        counts, problem = own, f"its text encoder is not counted: {error}"
    rows = sorted(counts.items(), key=lambda row: -sum(row[1]))
    return [{"name": name, **count._asdict(), "beside": name not in own} for name, count in rows], problem


def _describe_feature(feature: Feature) -> dict[str, Any]:
    shape = () if feature.is_text else feature.shape
    return {"name": feature.name, "shape": shape, "unit": feature.unit, "names": feature.names}


def _describe_step(row: Mapping[str, Any]) -> dict[str, Any]:
    """A processor's name, and what it was given but for tensors, which are statistics of the data."""
    options = {
        key: value for key, value in row.items() if key != "processor" and value != "" and not isinstance(value, dict)
    }
    return {"name": row["processor"], "options": options}


def load_curves(folder: Path, loss: float | None) -> list[dict[str, Any]]:
    """Losses over samples, (x, y) by name, as a recipe left them beside the bundle; none of another training.

    Args:
        loss: at the end of the bundle's training, as its manifest tells it.

    Raises:
        BundleError: the file beside the bundle cannot be read.
    """
    from millwright.training.losses import LOSSES, load_losses

    training = folder.resolve().parent / TRAINING
    try:
        rows = load_losses(training)
        if not rows or loss is None or not math.isclose(rows[-1]["loss"], loss, rel_tol=1e-6):
            return []
        every = math.ceil(len(rows) / MOST_ROWS)
        shown = rows[::-every][::-1]  # the last one always
        names = [key for key in rows[-1] if key not in UNPLOTTED]
        return [
            {"name": name, "points": [(row["samples"], row[name]) for row in shown if name in row]} for name in names
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{training / LOSSES} cannot be read ({error!r}); remove it, or train again") from error
