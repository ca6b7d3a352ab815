"""The verb that times a policy, stage by stage."""

from __future__ import annotations

import json as json_format

from millwright.cli.arguments import BundleName, Given, OptionalPath, check_file, say
from millwright.core.errors import OptionError


def profile(
    bundle: BundleName,
    calls: int = 300,
    threads: int = 1,
    seed: int = 4242,
    budget_ms: float = 100.0,
    json: OptionalPath = None,
    *,
    call: Given,
) -> None:
    """Time each stage of a policy's decision (before the network, its eyes, its memory, its decision, and after), on
    what it sees while it plays, and say how large it is.

    Times are of this machine as it is now: let nothing else run. Options of the environment follow as --env.NAME VALUE.

    Args:
        bundle: the path of a bundle, or the name of a shipped one.
        calls: that are timed, after some that are not.
        threads: of a call.
        seed: of the first scene.
        budget_ms: what a whole decision may take; the 99th percentile is held against it.
        json: file for the numbers.
    """
    from millwright.evaluation.profiling import tabulate
    from millwright.looking import profile_bundle

    if not budget_ms > 0:
        raise OptionError(f"--budget-ms is more than 0, got {budget_ms:g}")
    if json is not None:
        check_file("--json", json, "profile.json")
    found = profile_bundle(bundle, calls, threads, seed, call.env_options)
    say(tabulate(found, budget_ms))
    if json is not None:
        json.write_text(json_format.dumps(found.to_json(budget_ms), indent=1) + "\n")
        say(f"wrote {json}")
