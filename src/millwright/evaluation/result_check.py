"""Checks that a JSON is a whole and consistent result of `millwright evaluate`, before anybody reasons from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from math import isclose, isfinite
from typing import Any

from millwright.core.errors import ResultError
from millwright.evaluation.behaviour import count_stages

SCHEMA = 1
FIELDS: dict[str, tuple[type, ...]] = {
    "env": (str,),
    "policy": (str,),
    "seeds": (str,),
    "episodes": (int,),
    "successes": (int,),
    "rate": (int, float),
    "verdicts": (list,),
}
"""Fields that every reader relies on, and their types."""
OPTIONAL: dict[str, tuple[type, ...]] = {
    "provenance": (dict,), "failures": (dict,), "privileged": (bool,), "behaviour": (dict,),
}  # fmt: skip
KINDS = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "an object", bool: "a boolean"}
VERDICT = "a verdict has seed (a whole number), success (a boolean) and failure (a text, or null of a success)"


def check_result(values: Any, name: str) -> None:
    """Check a JSON that is to be a result; `name` says in errors which one it is.

    Raises:
        ResultError: it is of another schema, lacks something, or contradicts itself.
    """
    if not isinstance(values, Mapping) or values.get("schema") != SCHEMA:
        found = values.get("schema") if isinstance(values, Mapping) else type(values).__name__
        raise ResultError(f"{name}: schema {found!r}; this version reads schema {SCHEMA} of `millwright evaluate`")
    missing = [field for field in FIELDS if field not in values]
    if missing:
        got = ", ".join(values)
        raise ResultError(f"{name}: not a result of `millwright evaluate`: no {', '.join(missing)}; got {got}")
    for field, kinds in {**FIELDS, **{field: OPTIONAL[field] for field in OPTIONAL if field in values}}.items():
        if not isinstance(values[field], kinds) or (bool not in kinds and isinstance(values[field], bool)):
            raise ResultError(f"{name}: {field} must be {KINDS[kinds[-1]]}, got {values[field]!r:.60}")
    for place, row in enumerate(values["verdicts"]):
        _check_verdict(row, f"{name}: verdict {place}")
    _check_counts(values, name)
    if "behaviour" in values:
        _check_behaviour(values, name)


def _check_verdict(row: Any, name: str) -> None:
    whole = isinstance(row, Mapping) and {"seed", "success", "failure"} <= row.keys()
    if not whole or type(row["seed"]) is not int or type(row["success"]) is not bool:
        raise ResultError(f"{name} is {row!r:.80}; {VERDICT}")
    if not isinstance(row["failure"], str | None) or row["success"] == (row["failure"] is not None):
        got = f"success {row['success']} with failure {row['failure']!r:.40}"
        raise ResultError(f"{name} (seed {row['seed']}) has {got}; {VERDICT}")
    properties = row.get("properties", {})
    if not isinstance(properties, Mapping) or not all(map(_is_property, properties.values())):
        raise ResultError(f"{name} (seed {row['seed']}): properties must be texts, booleans or numbers by name")

    stages = row.get("stages", {})
    if not isinstance(stages, Mapping) or not all(map(_is_time, stages.values())):
        raise ResultError(f"{name} (seed {row['seed']}): stages must be seconds or null by name")


def _is_time(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value))


def _is_property(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int | float) and isfinite(value))


def _check_counts(values: Mapping[str, Any], name: str) -> None:
    verdicts = values["verdicts"]
    if not verdicts:
        raise ResultError(f"{name}: there are no episodes in it")
    twice = [seed for seed, count in Counter(row["seed"] for row in verdicts).items() if count > 1]
    if twice:
        raise ResultError(f"{name}: seed {twice[0]} has more than one verdict")
    successes = sum(row["success"] for row in verdicts)
    counted = {"episodes": len(verdicts), "successes": successes, "rate": successes / len(verdicts)}
    for field, count in counted.items():
        if not isclose(values[field], count, abs_tol=1e-9):
            raise ResultError(f"{name}: {field} is {values[field]}, but its verdicts make {count:g}; was it edited?")


def _check_behaviour(values: Mapping[str, Any], name: str) -> None:
    try:
        stages = [(stage["name"], stage["about"], stage["reached"]) for stage in values["behaviour"]["stages"]]
        counted = count_stages(values["verdicts"], {stage: about for stage, about, _ in stages})
    except (KeyError, TypeError) as error:
        needed = (
            "behaviour holds stages, each with name, about and reached, and every verdict says when it reached them"
        )
        raise ResultError(f"{name}: {needed}; {error!r}") from error
    for (stage, _, said), found in zip(stages, counted.stages, strict=True):
        if said != len(found.reached):
            raise ResultError(
                f"{name}: {said} reached {stage!r}, but its verdicts make {len(found.reached)}; was it edited?"
            )
