"""Bundle: a trained network with everything that must travel with it, as a folder whose content is checked."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError

from millwright.core.errors import BundleError, MillwrightError
from millwright.core.features import Feature, Features
from millwright.core.manifest import Manifest, compute_digest
from millwright.nets.parameters import Count, count_parameters, tell_parameters
from millwright.policies import golden
from millwright.policies.card import Subject, draw_card
from millwright.policies.network import Network
from millwright.policies.network_planner import NetworkPlanner
from millwright.policies.networks import describe_network, make_network
from millwright.processors.pipeline import Pipeline

log = logging.getLogger(__name__)
CONTENT = ("model.safetensors", "config.json", "pipeline.json", "pipeline.safetensors")
"""What the digests cover; `manifest.json` holds them, `CARD` is for people."""
CARD = "card.md"
REMEDY = "copy the bundle again from where it came, or make it again with its recipe"


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
        partial = target.with_name(f"{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        files = self.to_files()
        manifest = self._make_manifest(files)
        files.update(self._plan_golden(manifest))
        files["manifest.json"] = json.dumps(manifest.to_json(), indent=2, allow_nan=False).encode()
        files[CARD] = (card or draw_card(self.describe(target.name, manifest))).encode()
        for name, content in files.items():
            (partial / name).write_bytes(content)
        shutil.rmtree(target, ignore_errors=True)
        partial.rename(target)
        return manifest

    def _plan_golden(self, manifest: Manifest) -> dict[str, bytes]:
        """The file of golden outputs; none of a bundle that cannot plan from what is made up, or not here."""
        try:
            return {golden.FILE: golden.write_outputs(golden.make_outputs(self.planner()))}
        except MillwrightError as error:
            log.warning("bundle %s is written without golden outputs: %s", manifest.id[:12], error)
            return {}

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
    """Read a bundle, after checking that every file is there and unaltered.

    Raises:
        BundleError: a file is missing, altered or does not fit; says which and what to do.
    """
    folder = Path(path)
    manifest = _load_manifest(folder)
    for name in CONTENT:
        _verify(folder, name, manifest.digests)
    files = {name: (folder / name).read_bytes() for name in CONTENT}
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
        object.__setattr__(bundle, "_loaded_id", manifest.id)
        return bundle
    except (MillwrightError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise BundleError(f"bundle {folder} does not fit this version of millwright: {error}; {REMEDY}") from error


def add_golden(folder: Path) -> Path:
    """Write what a bundle plans here into its folder, in place of what stands there; its manifest and id stay.

    Raises:
        BundleError: the bundle is damaged, or cannot plan from what is made up.
    """
    content = golden.write_outputs(golden.make_outputs(load_bundle(folder).planner()))
    draft = folder / f"{golden.FILE}.part"
    draft.write_bytes(content)
    return draft.replace(folder / golden.FILE)


def load_manifest(path: Path | str) -> Manifest:
    """Read a bundle's manifest alone.

    Raises:
        BundleError: there is none, or it is of another schema.
    """
    return _load_manifest(Path(path))


def _load_manifest(folder: Path) -> Manifest:
    if not folder.is_dir():
        raise BundleError(f"no bundle at {folder}: a bundle is a folder with manifest.json, {', '.join(CONTENT)}")
    file = folder / "manifest.json"
    if not file.is_file():
        raise BundleError(f"bundle {folder}: manifest.json is missing; {REMEDY}")
    try:
        values = json.loads(file.read_bytes())
        manifest = Manifest.from_json(values)
    except (ValueError, TypeError, AttributeError) as error:
        raise BundleError(f"bundle {folder}: manifest.json cannot be read ({error}); {REMEDY}") from error
    if manifest.schema != Manifest.schema:
        raise BundleError(
            f"bundle {folder} has schema {manifest.schema}; this version of millwright reads schema {Manifest.schema}"
        )
    if values["id"] != manifest.id:
        found = f"it says id {values['id']}, its digests give {manifest.id}"
        raise BundleError(f"bundle {folder}: manifest.json was altered: {found}; {REMEDY}")
    return manifest


def _verify(folder: Path, name: str, digests: Mapping[str, str]) -> None:
    if not (folder / name).is_file():
        raise BundleError(f"bundle {folder}: {name} is missing (a bundle holds {', '.join(CONTENT)}); {REMEDY}")
    if name not in digests:
        raise BundleError(f"bundle {folder}: manifest.json has no digest of {name}; {REMEDY}")
    found = compute_digest(folder / name)
    if found != digests[name]:
        told = f"expected sha256 {digests[name]}, found {found}"
        raise BundleError(f"bundle {folder}: {name} was altered: {told}; {REMEDY}")
