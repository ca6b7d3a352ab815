"""Policies that are told in words which object to lift, those that lack something beside them: a row each."""

from __future__ import annotations

from tables.cells import Result, Results, make_row, make_rule, show_interval

HEAD = (
    "told in words what to lift", "scenes", "right, in sentences never trained on", "wrong object",
    "every object of half the scenes named in turn", "targets of a colour and shape never together in training",
)  # fmt: skip
CONTROLS = {
    "": "`millwright run lift-choice`",
    "blind": "trained and played on grey pictures",
    "shuffled": "trained on the pictures of other samples",
    "mute": "trained and played without words",
}


def is_choice(result: Result) -> bool:
    """What `run lift-choice` writes."""
    return result.get("recipe") == "lift-choice"


def make_choices(results: Results) -> list[str]:
    """The policy, then the controls, in the order of CONTROLS."""
    rows = [make_row(HEAD), make_rule(len(HEAD))]
    order = list(CONTROLS)
    for path, values in sorted(results.items(), key=lambda item: order.index(item[1]["fields"]["control"])):
        fields, result = values["fields"], values["result"]
        title = f"{CONTROLS[fields['control']]}, {fields['samples']:,} samples"
        wrong = result["failures"].get("wrong_object", 0)
        cells = [
            f"[{title}](results/{path.name})",
            fields["seeds"],
            _count(result, "episodes"),
            f"{wrong}/{result['episodes']} ({show_interval(result['metrics']['wrong_object_interval'])})",
            _count(result["in_turn"], "trials"),
            _count(result["held_out_pairs"], "episodes"),
        ]
        rows.append(make_row(cells))
    return [*rows, ""]


def _count(result: Result, tried: str) -> str:
    successes, of = result["successes"], result[tried]
    return f"{successes}/{of} = {successes / of:.1%} ({show_interval(result['interval'])})"
