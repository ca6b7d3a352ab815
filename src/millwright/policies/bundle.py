"""Bundle: a trained network with everything that must travel with it, as a folder whose content is checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError

from millwright.core.errors import BundleError, MillwrightError
from millwright.core.features import Feature, Features
from millwright.core.manifest import Manifest
from millwright.nets.parameters import Count, count_parameters, tell_parameters
from millwright.policies import golden
from millwright.policies.card import Subject, draw_card
from millwright.policies.confidence import FILE, Calibration, load_calibration, write_calibration
from millwright.policies.folder import CARD, CONTENTS, REMEDY, load_manifest, read_content, write_folder
from millwright.policies.network import Network
from millwright.policies.network_planner import NetworkPlanner
from millwright.policies.networks import describe_network, make_network
from millwright.processors.pipeline import Pipeline

CONTENT = CONTENTS["torch"]


@dataclass(frozen=True, eq=False)
class Bundle:
    """A network, its pipeline, what goes in and comes out, and what it was made from and for."""

    network: Network
    pipeline: Pipeline
    inputs: Features
    """The observation it needs."""
    action: Feature
    """One action of its chunks."""
    rate_hz: float
    """Actions a second."""
    env: str
    judge: str
    env_options: Mapping[str, Any] = field(default_factory=dict)
    lineage: Mapping[str, Any] = field(default_factory=dict)
    """Recipe, fields, dataset digest, training seed, versions: JSON values."""
    calibration: Calibration | None = None
    """What its confidence is told by; outside its id."""
    _loaded_id: str = field(default="", init=False, repr=False)
    """Of the folder it came from: written anew, an older bundle's files may gain fields, and so another id."""

    def to_files(self) -> dict[str, bytes]:
        """The content of `CONTENT`, by name."""
        config = {
            **describe_network(self.network),
            "inputs": self.inputs.to_json(),
            "action": Features(self.action).to_json()[0],
            "rate_hz": self.rate_hz,
        }
        weights = {name: value.cpu().contiguous() for name, value in self.network.state_dict().items()}
        return {
            "model.safetensors": safetensors.torch.save(weights),
            "config.json": json.dumps(config, indent=2, allow_nan=False).encode(),
            **self.pipeline.to_files(),
        }

    def make_manifest(self) -> Manifest:
        """The manifest of the bundle as it is now."""
        return self._make_manifest(self.to_files())

    def save(self, path: Path | str, card: str | None = None) -> Manifest:
        """Write the folder, in place of an older one only when it is complete.

        Args:
            card: Markdown for people; None writes what the bundle alone tells.
        """
        target = Path(path)
        files = self.to_files()
        manifest = self._make_manifest(files)
        files.update(golden.make_file(self.planner, manifest.id))
        if self.calibration is not None:
            files[FILE] = write_calibration(self.calibration, manifest.id)
        files["manifest.json"] = json.dumps(manifest.to_json(), indent=2, allow_nan=False).encode()
        files[CARD] = (card or draw_card(self.describe(target.name, manifest))).encode()
        write_folder(target, files)
        return manifest

    def planner(self, threads: int = 1) -> NetworkPlanner:
        """What plans with it; un-normalising is inside."""
        return NetworkPlanner(
            self.network,
            self.pipeline,
            self.inputs,
            self.action,
            self.rate_hz,
            digest=self._loaded_id or self.make_manifest().id,
            threads=threads,
            confide=self.calibration,
        )

    def count_parameters(self) -> dict[str, Count]:
        """Of the network's parts, and of the encoders of text that it needs beside its own weights."""
        encoders = {f"{step.encoder} (not in the bundle)": step.load().num_parameters for step in self.pipeline.texts}
        return count_parameters(self.network) | {name: Count(0, number) for name, number in encoders.items()}

    def _make_manifest(self, files: Mapping[str, bytes]) -> Manifest:
        digests = {name: hashlib.sha256(files[name]).hexdigest() for name in CONTENT}
        network = describe_network(self.network)["network"]
        return Manifest(digests, network, self.env, dict(self.env_options), self.judge, dict(self.lineage))

    def describe(self, name: str, manifest: Manifest) -> Subject:
        """What a card tells of it; the name is its folder's, the manifest what that holds."""
        return Subject(
            name, manifest, tell_parameters(self.count_parameters()),
            tuple(f"`{feature.name}` {feature.shape}" for feature in self.inputs.values()),
            f"chunks of `{self.action.name}` {self.action.shape} at {self.rate_hz:g} Hz",
        )  # fmt: skip


def load_bundle(path: Path | str) -> Bundle:
    """Read a bundle with its network, after checking that every file is there and unaltered.

    `loading.load_bundle` takes exports too, which have none.

    Raises:
        BundleError: a file is missing, altered or does not fit, or it is an export; says which and what to do.
    """
    folder = Path(path)
    manifest = load_manifest(folder)
    if manifest.runtime != "torch":
        raise BundleError(
            f"bundle {folder} is an export for {manifest.runtime}, without the network that this needs; it was made of "
            f"{manifest.lineage.get('exported_from', 'another bundle')}"
        )
    files = read_content(folder, manifest)
    try:
        config = json.loads(files["config.json"])
        network = make_network(config["network"], config["config"])
        network.load_state_dict(safetensors.torch.load(files["model.safetensors"]))
        bundle = Bundle(
            network.eval(),
            Pipeline.from_files(files),
            Features.from_json(config["inputs"]),
            Features.from_json([config["action"]])[config["action"]["name"]],
            config["rate_hz"],
            manifest.env,
            manifest.judge,
            manifest.env_options,
            manifest.lineage,
        )
    except (MillwrightError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise BundleError(f"bundle {folder} does not fit this version of millwright: {error}; {REMEDY}") from error
    bundle = replace(bundle, calibration=load_calibration(folder, manifest.id, bundle.network))
    object.__setattr__(bundle, "_loaded_id", manifest.id)
    return bundle
