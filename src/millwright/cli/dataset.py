"""The verb that looks after datasets, and its own verbs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.conf import Positional

from millwright.cli.arguments import OptionalPath, check_file, say
from millwright.core.errors import choose

if TYPE_CHECKING:
    from millwright.datasets.checks.reference import Reference
    from millwright.datasets.findings import Finding

HELP = """\
usage: millwright dataset VERB ...

verbs:
  validate   everything that is wrong with a dataset, with its code, its place and what mends it

`millwright dataset VERB --help` says more. Datasets are folders in the LeRobot v3.0 layout, of any tool."""
SHOWN = 5
"""Findings of one code that are written out; the file of --json has them all."""

Root = Annotated[Positional[Path], tyro.conf.arg(metavar="DIR")]


def dataset(args: list[str]) -> None:
    """Call one of the verbs on datasets."""
    if not args or args[0] in ("-h", "--help"):
        say(HELP)
        raise SystemExit(0 if args else 2)
    name = args.pop(0)
    verb = choose("dataset verb", name, VERBS)
    tyro.cli(verb, args=args, prog=f"millwright dataset {name}", config=(tyro.conf.FlagCreatePairsOff,))


def validate(
    root: Root, json: OptionalPath = None, quick: bool = False, strict: bool = False, unjudged: bool = False
) -> None:
    """Everything that is wrong with a dataset: what LeRobot's loader passes over in silence, and what spoils learning.
    Nothing is changed. Ends with exit code 1 when there is an error, so that it can guard a pipeline.

    Args:
        root: the dataset's folder.
        json: file for the findings.
        quick: do not decode the videos.
        strict: exit code 1 for warnings too.
        unjudged: do not ask the environments' judges and action ranges.
    """
    from millwright.datasets.checks.reference import know_nothing
    from millwright.datasets.validation import validate as find_faults

    if json is not None:
        check_file("--json", json, "findings.json")
    findings = find_faults(root, know_nothing if unjudged else find_reference, look=not quick)
    if json is not None:
        _write(json, root, findings)
    _tell(root, findings)
    bad = findings if strict else [finding for finding in findings if finding.severity == "error"]
    if bad:
        raise SystemExit(1)


def find_reference(provenance: Mapping[str, Any]) -> Reference | None:
    """What the environment that an episode was played in would say; None for one that is not here."""
    from millwright import catalog
    from millwright.datasets.checks.reference import Reference

    name = provenance.get("env")
    if name not in catalog.TASKS:
        return None
    space = catalog.make_env(name, **provenance.get("env_options", {})).unwrapped.action_space
    low, high = getattr(space, "low", None), getattr(space, "high", None)
    return Reference(catalog.make_judge(name), action_low=low, action_high=high)


def _write(path: Path, root: Path, findings: Sequence[Finding]) -> None:
    rows = [finding.to_json(root) for finding in findings]
    errors = sum(finding.severity == "error" for finding in findings)
    path.write_text(json.dumps({"schema": 1, "errors": errors, "findings": rows}, indent=1))


def _tell(root: Path, findings: Sequence[Finding]) -> None:
    """By code, the first few of each."""
    groups: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.code].append(finding)
    for code, group in sorted(groups.items()):
        say(f"{code} {group[0].severity}: {group[0].title}")
        for finding in group[:SHOWN]:
            say(f"  {finding.place + ': ' if finding.place else ''}{finding.cause}")
        if len(group) > SHOWN:
            say(f"  ... and {len(group) - SHOWN} more")
        say(f"  mend: {group[0].make_mend(root)}")
    errors = sum(finding.severity == "error" for finding in findings)
    say(f"{root}: {errors} errors, {len(findings) - errors} warnings" if findings else f"{root}: nothing is wrong")


VERBS: dict[str, Callable[..., None]] = {"validate": validate}
