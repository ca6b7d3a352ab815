"""Lines of a model card, read from the JSON of results: only those that were measured with the card's own bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from millwright.core.errors import ResultError
from millwright.evaluation.result_check import check_result
from millwright.policies.card import ResultRow

KINDS = (
    "the JSON of `millwright evaluate`, the summary.json of a recipe that clears tables or tries perturbations, or the "
    "in-turn.json of one that names every object"
)
ORDINARY = "the ordinary world"
"""Of perturbations, the one that is none; its own words say that it is as somebody recorded it."""
SAME = "the same"
_HELD = {"verdicts", "tables", "perturbations", "named"}
FORCE = "max_contact_force_n"


def read_rows(values: Mapping[str, Any], source: str, bundle_id: str) -> tuple[ResultRow, ...]:
    """The lines that a result adds to the card of a bundle.

    Args:
        values: JSON of one of `KINDS`.
        source: its file's name, for the card and for errors.
        bundle_id: of the bundle's manifest.

    Raises:
        ResultError: it is none of these, was measured with something else, or a flawed judge judged it.
    """
    values = _unwrap(values)
    if not _HELD & values.keys():
        raise ResultError(f"{source}: no result that a card can hold; give {KINDS}")
    if "verdicts" in values:
        check_result(values, source)
    about = _find_provenance(values)
    if about.get("policy_digest") != bundle_id:
        found = about.get("policy_digest") or f"{about.get('policy', 'nothing that it names')}, which is no bundle"
        raise ResultError(f"{source} was measured with {found}; the card is of {bundle_id}")
    if about.get("judge"):
        raise ResultError(f"{source} was judged by {about['judge']}, which is kept to be fooled; that is no result")
    try:
        if "perturbations" in values:
            return _read_perturbations(values["perturbations"], source)
        if "tables" in values:
            return _read_tables(values, source)
        return (_read_named(values, source) if "named" in values else _read_evaluation(values, source),)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ResultError(f"{source}: not whole: {error!r}; give {KINDS}") from error


def is_measured_with(values: Mapping[str, Any], bundle_id: str) -> bool:
    """A JSON of any kind holds a result of this bundle that a card can hold."""
    inner = _unwrap(values)
    return bool(_HELD & inner.keys()) and _find_provenance(inner).get("policy_digest") == bundle_id


def _find_provenance(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Nothing, where it holds none that could be read."""
    about = values.get("provenance")
    return about if isinstance(about, Mapping) else {}


def _unwrap(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The result that a recipe's summary holds, if it holds one of tables."""
    inner = values.get("result")
    return inner if isinstance(inner, Mapping) and "tables" in inner else values


def _read_evaluation(values: Mapping[str, Any], source: str) -> ResultRow:
    behaviour = values.get("behaviour", {"stages": (), "unsupported": {}})
    stopped = {stage["name"]: sum(stage["stopped"].values()) for stage in behaviour["stages"]}
    forces = [row["metrics"][FORCE] for row in values["verdicts"] if FORCE in row.get("metrics", {})]
    unsupported = sum(map(len, behaviour["unsupported"].values()))
    doubt = f"{unsupported} of the {values['successes']} successes in {source} did not show what the task asks for."
    return ResultRow(
        source, describe_conditions(values), values["seeds"], "episodes", values["successes"], values["episodes"],
        (values["interval"][0], values["interval"][1]), values.get("failures", {}),
        {name: count for name, count in stopped.items() if count},
        max(forces, default=None), (doubt,) if unsupported else (),
    )  # fmt: skip


def _read_tables(values: Mapping[str, Any], source: str) -> tuple[ResultRow, ResultRow]:
    conditions, tables = describe_conditions(values), values["tables"]
    picks = ResultRow(
        source, conditions, values["seeds"], "picks", values["successes"], values["picks"],
        (values["interval"][0], values["interval"][1]), values["failures"], max_force_n=values[FORCE],
    )  # fmt: skip
    whole = ResultRow(
        source, f"{conditions}, all of a table in a row", values["seeds"], "tables", tables["cleared"],
        values["scenes"], (tables["interval"][0], tables["interval"][1]),
    )  # fmt: skip
    return picks, whole


def _read_named(values: Mapping[str, Any], source: str) -> ResultRow:
    return ResultRow(
        source, f"{describe_conditions(values)}, every object named in turn", values["seeds"], "objects",
        values["successes"], values["trials"], (values["interval"][0], values["interval"][1]), values["failures"],
    )  # fmt: skip


def _read_perturbations(rows: Sequence[Mapping[str, Any]], source: str) -> tuple[ResultRow, ...]:
    """A line each; the words of one may go on from those of the line before."""
    lines: list[ResultRow] = []
    for row in rows:
        words = ORDINARY if row["condition"] == "ordinary" else str(row["about"])
        if lines and words.startswith(SAME):
            words = lines[-1].conditions + words.removeprefix(SAME)
        interval = (row["interval"][0], row["interval"][1])
        lines.append(
            ResultRow(
                source, words, row["seeds"], "episodes", row["successes"], row["episodes"], interval, row["failures"]
            )
        )
    return tuple(lines)


def describe_conditions(values: Mapping[str, Any]) -> str:
    """The world of a result, and how its policy was played, from its provenance."""
    about = values["provenance"]
    told = [values.get("env", "")]
    for options in (about.get("env_options", {}), about.get("reset_options", {})):
        told += [
            f"`{name}`" if value is True else f"`{name}` {value}"
            for name, value in options.items()
            if value is not False and value not in ("", None)
        ]
    if about.get("eyes"):
        told.append(f"a control: it sees {about['eyes']} instead of its picture")
    if about.get("beta"):
        told.append(f"the expert drives {about['beta']:.0%} of the ticks")
    told += [f"`{name}` {about[name]}" for name in ("execute", "blend", "tempo") if name in about]
    if "latency_s" in about:
        low, high = (1000 * latency for latency in about["latency_s"])
        how = {"stale": ", taken for up to date", "waits": ", waited for"}
        told.append(f"plans {low:.0f} to {high:.0f} ms late{''.join(how[name] for name in how if about.get(name))}")
    return ", ".join(told)
