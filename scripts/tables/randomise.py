"""What randomised recordings gain: the same recipe with and without, under each perturbation."""

from __future__ import annotations

import json
from pathlib import Path

from millwright.evaluation.statistics import difference, fisher, holm
from tables.cells import list_failures, make_row, make_rule

FILES = ("brick-robustness-plain.json", "brick-robustness-randomised.json")
HEAD = ("perturbation", "recorded in one world", "randomised", "gain", "p", "failures without")


def make_gain(folder: Path) -> str:
    """Markdown: a row a perturbation, two independent samples each; p-values exact and corrected for their number."""
    if not all((folder / name).is_file() for name in FILES):
        return "*Not measured yet.*"
    without, with_ = (json.loads((folder / name).read_text()) for name in FILES)
    pairs = list(zip(without["perturbations"], with_["perturbations"], strict=True))
    assert all(a["condition"] == b["condition"] and a["seeds"] == b["seeds"] for a, b in pairs)
    counts = [(a["successes"], a["episodes"], b["successes"], b["episodes"]) for a, b in pairs]
    corrected = holm([fisher(*four) for four in counts])
    made = [make_row(HEAD), make_rule(len(HEAD))]
    for (a, _), four, p in zip(pairs, counts, corrected, strict=True):
        gain = 100 * (four[2] / four[3] - four[0] / four[1])
        low, high = (100 * end for end in difference(*four))
        cells = (
            a["about"],
            f"{four[0]}/{four[1]}",
            f"{four[2]}/{four[3]}",
            f"{gain:+.1f} points ({low:+.1f} to {high:+.1f})",
        )
        made.append(make_row((*cells, f"{p:.2g}", list_failures(a["failures"]))))
    told = ", ".join(f"[{name}](../results/{name})" for name in FILES)
    return "\n".join((*made, "", f"Scenes {without['fields']['seeds']}, one training each: {told}."))
