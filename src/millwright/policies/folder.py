"""Folder: how bundles of every runtime lie on disk. What is read is checked; what is written is complete."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from millwright.core.errors import BundleError
from millwright.core.manifest import Manifest

CONTENTS = {
    "torch": ("model.safetensors", "config.json", "pipeline.json", "pipeline.safetensors"),
    "onnx": ("model.onnx", "config.json"),
}
"""What the digests cover, by runtime; `manifest.json` holds them, `CARD` is for people."""
MANIFEST = "manifest.json"
CARD = "card.md"
REMEDY = "copy the bundle again from where it came, or make it again with its recipe"


def write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder, in place of an older one only when it is complete."""
    partial = target.with_name(f"{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for name, content in files.items():
        (partial / name).write_bytes(content)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def load_manifest(path: Path | str) -> Manifest:
    """Read a bundle's manifest alone.

    Raises:
        BundleError: there is none, or it is of another schema or runtime.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise BundleError(
            f"no bundle at {folder}: a bundle is a folder with {MANIFEST}, {', '.join(CONTENTS['torch'])}; or, an "
            f"export, with {MANIFEST}, {', '.join(CONTENTS['onnx'])}"
        )
    file = folder / MANIFEST
    if not file.is_file():
        raise BundleError(f"bundle {folder}: {MANIFEST} is missing; {REMEDY}")
    try:
        values = json.loads(file.read_bytes())
        manifest = Manifest.from_json(values)
    except (ValueError, TypeError, AttributeError) as error:
        raise BundleError(f"bundle {folder}: {MANIFEST} cannot be read ({error}); {REMEDY}") from error
    if manifest.schema != Manifest.schema:
        raise BundleError(
            f"bundle {folder} has schema {manifest.schema}; this version of millwright reads schema {Manifest.schema}"
        )
    if manifest.runtime not in CONTENTS:
        known = ", ".join(CONTENTS)
        raise BundleError(f"bundle {folder} is for {manifest.runtime!r}; this version of millwright runs: {known}")
    if values["id"] != manifest.id:
        found = f"it says id {values['id']}, its digests give {manifest.id}"
        raise BundleError(f"bundle {folder}: {MANIFEST} was altered: {found}; {REMEDY}")
    return manifest


def read_content(folder: Path, manifest: Manifest) -> dict[str, bytes]:
    """The files that the digests cover, by name.

    Raises:
        BundleError: one is missing or altered; says which.
    """
    names = CONTENTS[manifest.runtime]
    files = {}
    for name in names:
        if not (folder / name).is_file():
            raise BundleError(f"bundle {folder}: {name} is missing (a bundle holds {', '.join(names)}); {REMEDY}")
        if name not in manifest.digests:
            raise BundleError(f"bundle {folder}: {MANIFEST} has no digest of {name}; {REMEDY}")
        files[name] = (folder / name).read_bytes()
        found = hashlib.sha256(files[name]).hexdigest()
        if found != manifest.digests[name]:
            told = f"expected sha256 {manifest.digests[name]}, found {found}"
            raise BundleError(f"bundle {folder}: {name} was altered: {told}; {REMEDY}")
    return files
