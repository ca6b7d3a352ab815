"""Cards of bundles, with what recipe, environment and results tell: made again as often as results come."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from millwright.catalog import TASKS
from millwright.core.errors import ResultError
from millwright.core.manifest import Manifest
from millwright.evaluation.advice import ADVICE
from millwright.evaluation.card_rows import read_rows
from millwright.policies.card import Setting, draw_card
from millwright.policies.folder import CARD, load_manifest
from millwright.policies.loading import load_bundle


def save_card(folder: Path, results: Sequence[Path] = ()) -> Path:
    """Write the card of a bundle again, with these results and no others; its manifest and id stay as they are.

    Args:
        folder: of the bundle; the card is for whom that name means something.
        results: JSON of `millwright evaluate`, or summaries of recipes, each measured with this very bundle.

    Raises:
        BundleError: the bundle is damaged.
        ResultError: a file is no result, or one of something else; nothing was written.
    """
    card = make_card(folder, results)
    draft = folder / f"{CARD}.part"
    draft.write_text(card, encoding="utf-8")
    draft.replace(folder / CARD)
    return folder / CARD


def make_card(folder: Path, results: Sequence[Path] = ()) -> str:
    """The card that `save_card` writes; arguments and errors as there."""
    manifest = load_manifest(folder)
    names = [path.name for path in results]
    sources = [path.name if names.count(path.name) == 1 else f"{path.parent.name}/{path.name}" for path in results]
    read = zip(results, sources, strict=True)
    rows = [row for path, source in read for row in read_rows(load_values(path), source, manifest.id)]
    return draw_card(load_bundle(folder).describe(folder.name, manifest), describe_setting(manifest), rows)


def describe_setting(manifest: Manifest) -> Setting | None:
    """What the catalogue knows of the environment that a bundle was made for; None of one that it does not hold."""
    task = TASKS.get(manifest.env)
    if task is None:
        return None
    recorded = find_recorded(manifest)
    lacks = task.lacks([row["env_options"] for row in recorded]) if task.lacks and recorded else ()
    return Setting(task.about, recorded, lacks, {name: advice.meaning for name, advice in ADVICE.items()})


def find_recorded(manifest: Manifest) -> list[dict[str, Any]]:
    """What was recorded to train a bundle: `policy`, `env_options` and, where it is known, `episodes` of each kind.

    The manifest tells it. An older one names the recipe alone, which says what it records; of a dataset that somebody
    else recorded, nothing is known then.
    """
    lineage = manifest.lineage
    if "recorded" in lineage:
        return list(lineage["recorded"])
    from millwright.recipes import RECIPES

    recipe = RECIPES.get(lineage.get("recipe", ""))
    if recipe is None or not hasattr(recipe, "list_recordings"):
        return []
    known = {field.name for field in fields(recipe)}
    made: Any = recipe(**{name: value for name, value in lineage.get("fields", {}).items() if name in known})
    return [
        {"policy": recording.policy, "env_options": dict(recording.options), "episodes": len(recording.scenes)}
        for recording in made.list_recordings()
    ]


def load_values(path: Path) -> Mapping[str, Any]:
    """Read a JSON that is to be a result of some kind.

    Raises:
        ResultError: it is no JSON, or no object.
    """
    try:
        values = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ResultError(f"{path}: not readable as a result: {error}") from error
    if not isinstance(values, Mapping):
        raise ResultError(f"{path}: not a result but {type(values).__name__}")
    return values
