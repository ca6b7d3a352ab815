"""A report's test of success beside ours, on the same episodes: a row a policy."""

from __future__ import annotations

import json
from pathlib import Path

from tables.cells import Result, make_row, make_rule, show_interval

FILE = "lift-true-success.json"
JUDGES = {"height-from-floor": "the report's", "height-alone": "its repair", "judge": "ours"}
HEAD = ("who", *(f"success by {judge}" for judge in JUDGES.values()), "95% interval of ours")


def make_honesty(folder: Path) -> str:
    """Markdown: what each judge says of each policy, and how far episodes came."""
    file = folder / FILE
    if not file.is_file():
        return "*Not measured yet.*"
    values: Result = json.loads(file.read_text())
    stages = tuple(values["rows"][0]["stages"])
    made = [make_row((*HEAD, *stages)), make_rule(len(HEAD) + len(stages))]
    for row in values["rows"]:
        judged = (f"{row['successes'][judge]}/{row['episodes']}" for judge in JUDGES)
        came = (str(row["stages"][stage]) for stage in stages)
        made.append(make_row((f"`{row['policy']}`", *judged, show_interval(row["intervals"]["judge"]), *came)))
    fields = values["fields"]
    told = f"Scenes {fields['seeds']} of `{fields['env']}`, policy `{fields['policy']}`, [in full](../results/{FILE})."
    return "\n".join((*made, "", told))
