"""compare: is one policy better than another, or was it luck?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from millwright.evaluation.changes import Change, count_other_starts, find_class_changes, find_part_changes
from millwright.evaluation.result_check import check_result
from millwright.evaluation.statistics import Interval, difference, fisher, mcnemar, paired_difference

LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """Two results side by side; differences are B minus A."""

    policy_a: str
    policy_b: str
    rate_a: float
    rate_b: float
    difference: float
    interval: Interval
    """95% interval of the difference (Newcombe 1998)."""
    p_value: float
    test: str
    """`paired exact (McNemar)` when both played the same seeds, else `exact (Fisher)`."""
    only_a: int | None
    """Seeds on which only A succeeded; None when the seeds differ."""
    only_b: int | None
    warnings: tuple[str, ...]
    """Reasons why the two may not be comparable."""
    sentence: str
    class_changes: tuple[Change, ...] = ()
    """Of every class of failure."""
    part_changes: tuple[Change, ...] = ()
    """Where both hold properties: of the parts of the episodes in which failures stand out."""

    @property
    def details(self) -> tuple[str, ...]:
        """What changed, a line each."""
        about = {"failures by class": self.class_changes, "failures": self.part_changes}
        names = _name_both(self.policy_a, self.policy_b)
        lead = f"From {names[0]} to {names[1]}"
        return tuple(f"{lead}, {what}: {'; '.join(map(str, rows))}." for what, rows in about.items() if rows)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def compare(a: Mapping[str, Any], b: Mapping[str, Any]) -> Comparison:
    """Compare two result JSONs (see `load_result`).

    Raises:
        ResultError: one of them is not what `evaluate` writes.
    """
    check_result(a, "A")
    check_result(b, "B")
    wins_a, wins_b = _wins(a), _wins(b)
    other_starts = count_other_starts(a["verdicts"], b["verdicts"])
    paired = a["env"] == b["env"] and wins_a.keys() == wins_b.keys() and not other_starts
    only_a = only_b = None
    if paired:
        only_a = sum(wins_a[seed] and not wins_b[seed] for seed in wins_a)
        only_b = sum(wins_b[seed] and not wins_a[seed] for seed in wins_a)
        both = sum(wins_a[seed] and wins_b[seed] for seed in wins_a)
        interval = paired_difference(both, only_a, only_b, len(wins_a) - both - only_a - only_b)
        p_value = mcnemar(only_a, only_b)
    else:
        counts = (a["successes"], a["episodes"], b["successes"], b["episodes"])
        interval, p_value = difference(*counts), fisher(*counts)
    return Comparison(
        policy_a=a["policy"],
        policy_b=b["policy"],
        rate_a=a["rate"],
        rate_b=b["rate"],
        difference=b["rate"] - a["rate"],
        interval=interval,
        p_value=p_value,
        test="paired exact (McNemar)" if paired else "exact (Fisher)",
        only_a=only_a,
        only_b=only_b,
        warnings=_warnings(a, b, other_starts),
        sentence=_sentence(a, b, interval, p_value, (only_a, only_b)),
        class_changes=find_class_changes(a["verdicts"], b["verdicts"], paired),
        part_changes=find_part_changes(a["verdicts"], b["verdicts"], paired),
    )


def _wins(values: Mapping[str, Any]) -> dict[int, bool]:
    return {row["seed"]: row["success"] for row in values["verdicts"]}


def _warnings(a: Mapping[str, Any], b: Mapping[str, Any], other_starts: int) -> tuple[str, ...]:
    rows = []
    if a["env"] != b["env"]:
        rows.append(f"the environments differ: {a['env']} and {b['env']}")
    for name in ("env_options", "reset_options"):
        ours, theirs = (values.get("provenance", {}).get(name) or {} for values in (a, b))
        if ours != theirs:
            rows.append(f"{name} differ: {ours} and {theirs}")
    if a.get("privileged") != b.get("privileged"):
        rows.append("one of the two saw the truth (privileged), the other only its observations")
    if other_starts:
        rows.append(f"{other_starts} seeds of both began differently, so that episodes are not compared in pairs")
    return tuple(rows)


def _sentence(
    a: Mapping[str, Any], b: Mapping[str, Any], interval: Interval, p_value: float, only: tuple[int | None, int | None]
) -> str:
    name_a, name_b = _name_both(a["policy"], b["policy"])
    gain, (low, high) = b["rate"] - a["rate"], interval
    count_a, count_b = (f"{values['successes']} of {values['episodes']}" for values in (a, b))
    counts = f"{name_b} succeeded in {count_b}, {name_a} in {count_a}"
    band = f"a difference of {_points(gain)} points (95% interval {_points(low)} to {_points(high)})"
    luck = "were they equally good, luck would part them this far"
    if p_value < LEVEL:
        better, worse = (name_b, name_a) if gain > 0 else (name_a, name_b)
        verdict = f"So {better} is better than {worse}: {luck} only {_chance(p_value)}."
    else:
        verdict = f"That is no proof of a difference: {luck} {_chance(p_value)}."
    if None in only:
        same = {row["seed"] for row in a["verdicts"]} == {row["seed"] for row in b["verdicts"]}
        why = "They played different scenes" if same else "They played different seeds"
        pairing = f"{why}; the same for both would tell more with as many episodes."
    else:
        pairing = f"On the same seeds, {name_b} alone succeeded {_times(only[1])}, {name_a} alone {_times(only[0])}."
    return f"{counts}: {band}. {verdict} {pairing}"


def _name_both(policy_a: str, policy_b: str) -> tuple[str, str]:
    return (policy_a, policy_b) if policy_a != policy_b else ("A", "B")


def _points(rate: float) -> str:
    return f"{100 * rate:+.1f}"


def _times(count: int | None) -> str:
    return "once" if count == 1 else f"{count} times"


def _chance(p_value: float) -> str:
    percent = "less than 0.1%" if p_value < 0.001 else f"{p_value:.1%}" if p_value < 0.1 else f"{p_value:.0%}"
    return f"in {percent} of such comparisons (p = {p_value:.2g})"
