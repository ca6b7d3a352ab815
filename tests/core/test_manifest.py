"""A manifest's id is its content."""

from __future__ import annotations

import hashlib
import json

from millwright.core.manifest import Manifest, compute_digest

DIGESTS = {"model.safetensors": "a" * 64, "config.json": "b" * 64}


def make(digests: dict[str, str] | None = None, **lineage: object) -> Manifest:
    return Manifest(digests or DIGESTS, "prompt-chunk", "brick-table", {"hard": True}, "lift", lineage)


def test_the_id_is_that_of_weights_config_and_pipeline_alone():
    assert make().id == make(recipe="brick-pick", seed=3).id
    assert make().id != make({**DIGESTS, "config.json": "c" * 64}).id
    assert make().id != make({"model.safetensors": "b" * 64, "config.json": "a" * 64}).id


def test_the_id_does_not_depend_on_the_order_of_the_files():
    assert make().id == make(dict(reversed(DIGESTS.items()))).id


def test_a_manifest_survives_json():
    manifest = make(recipe="brick-pick")
    rows = json.loads(json.dumps(manifest.to_json()))
    assert rows["id"] == manifest.id
    assert Manifest.from_json(rows) == manifest


def test_a_files_digest_is_its_sha256(tmp_path):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    assert compute_digest(path) == hashlib.sha256(b"weights").hexdigest()
