"""Loading: a bundle of any runtime. torch is imported for those alone that need it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from millwright.core.errors import BundleError
from millwright.policies import golden
from millwright.policies.folder import load_manifest
from millwright.policies.onnx_bundle import OnnxBundle, load_onnx_bundle

if TYPE_CHECKING:
    from millwright.policies.bundle import Bundle


def load_bundle(path: Path | str, *, accepted: bool = False) -> Bundle | OnnxBundle:
    """Read a bundle, exports too, after checking that every file is there and unaltered.

    Args:
        accepted: take no export that was not found to be as good as what it was made of.

    Raises:
        BundleError: a file is missing, altered or does not fit, or the export was not accepted.
    """
    folder = Path(path)
    manifest = load_manifest(folder)
    if manifest.runtime == "onnx":
        if accepted and not (manifest.accepted or {}).get("accepted"):
            raise BundleError(
                f"bundle {folder} is an export that no trial found to be as good as the original; export it with "
                "`millwright export`, which tries it, or serve it all the same with `millwright serve --unaccepted`"
            )
        return load_onnx_bundle(folder)
    from millwright.policies import bundle

    return bundle.load_bundle(folder)


def add_golden(folder: Path) -> Path:
    """Write what a bundle plans here into its folder, in place of what stands there; its manifest and id stay.

    Raises:
        BundleError: the bundle is damaged, or cannot plan from what is made up.
    """
    content = golden.write_outputs(golden.make_outputs(load_bundle(folder).planner()))
    draft = folder / f"{golden.FILE}.part"
    draft.write_bytes(content)
    return draft.replace(folder / golden.FILE)
