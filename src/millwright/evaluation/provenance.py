"""Provenance: versions, machine and date behind a result, and the digest of what decides it."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import millwright

PACKAGES = ("millwright", "mujoco", "torch", "numpy", "gymnasium", "Box2D")


def collect_versions() -> dict[str, str]:
    """Installed versions of what may change an episode; nothing is imported for it."""
    versions = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def describe_machine() -> dict[str, Any]:
    """CPU model, the number of cores this process may use, operating system."""
    system = f"{platform.system()} {platform.machine()}"
    return {"cpu": _cpu_model(), "cores": len(os.sched_getaffinity(0)), "system": system}


def collect_provenance(claim: Mapping[str, Any], command: str = "") -> dict[str, Any]:
    """`claim` (environment, options, policy, digest) with versions, machine, date (UTC) and command."""
    return {
        **claim,
        "versions": collect_versions(),
        "source": compute_source_digest(),
        "machine": describe_machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"command": command} if command else {}),
    }


def compute_claim_digest(claim: Mapping[str, Any]) -> str:
    """Digest of what decides an episode besides its seed: the claim, the versions and this package's source."""
    decides = {"claim": dict(claim), "versions": collect_versions(), "source": compute_source_digest()}
    content = json.dumps(decides, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def compute_source_digest(root: Path = Path(millwright.__file__).parent) -> str:
    """Digest of every Python file under `root`, names and content: a version number does not tell edits apart."""
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
