"""The verb that looks after datasets, and its own verbs."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from millwright.cli.arguments import OptionalPath, Root, check_file, say
from millwright.cli.edit import drop, encode, filter_episodes, merge, split
from millwright.cli.exchange import export, import_dataset, push
from millwright.core.errors import OptionError, choose

if TYPE_CHECKING:
    from millwright.datasets.checks.reference import Reference
    from millwright.datasets.describing import Description
    from millwright.datasets.findings import Finding

HELP = """\
usage: millwright dataset VERB ...

verbs:
  validate   everything that is wrong with a dataset, with its code, its place and what mends it
  describe   what is in a dataset, on the terminal and as a page with plots and films
  merge      several datasets as one
  split      the same episodes, told apart into those to train on and those to test on
  filter     some of the episodes: by verdict, seed, split or number
  drop       everything but some features
  encode     the same pictures with another codec, quality or size
  import     another tool's recordings: UMI, Diffusion Policy, robomimic and its kin, hf://
  export     a dataset as one HDF5 file in robomimic's layout
  push       a dataset to Hugging Face, with its card

`millwright dataset VERB --help` says more. What edits writes a new folder, whose info.json names its sources and their
digests. Datasets are folders in the LeRobot v3.0 layout, of any tool."""
SHOWN = 5
"""Findings of one code that are written out; the file of --json has them all."""


def dataset(args: list[str]) -> None:
    """Call one of the verbs on datasets."""
    if not args or args[0] in ("-h", "--help"):
        say(HELP)
        raise SystemExit(0 if args else 2)
    name = args.pop(0)
    verb = choose("dataset verb", name, VERBS)
    tyro.cli(verb, args=args, prog=f"millwright dataset {name}", config=(tyro.conf.FlagCreatePairsOff,))


def validate(
    root: Root,
    fix: OptionalPath = None,
    json: OptionalPath = None,
    quick: bool = False,
    strict: bool = False,
    unjudged: bool = False,
) -> None:
    """Everything that is wrong with a dataset: what LeRobot's loader passes over in silence, and what spoils learning.
    Nothing is changed. Ends with exit code 1 when there is an error, so that it can guard a pipeline.

    Args:
        root: the dataset's folder.
        fix: folder for a copy in which all is mended that can be without inventing data.
        json: file for the findings.
        quick: do not decode videos and pictures.
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
    if fix is not None:
        from millwright.datasets.fixing import fix as mend

        for sentence in mend(root, fix, findings):
            say(f"  {sentence}")
        say(f"wrote {fix}; validate it too")
    bad = findings if strict else [finding for finding in findings if finding.severity == "error"]
    if bad:
        raise SystemExit(1)


def describe(root: Root, page: OptionalPath = None, json: OptionalPath = None, films: int = 6) -> None:
    """What is in a dataset: actions joint by joint, lengths, instructions, verdicts, gripper, depth, anomalies.

    Args:
        root: the dataset's folder.
        page: HTML file with plots and sample films; it needs no other file.
        json: file for all numbers.
        films: how many films the page shows.
    """
    from millwright.datasets.describing import describe as describe_dataset

    if films < 0:
        raise OptionError(f"--films is how many the page shows, 0 or more; got {films}")
    for option, path, example in (("--page", page, "page.html"), ("--json", json, "description.json")):
        if path is not None:
            check_file(option, path, example)
    description = describe_dataset(root)
    say(tabulate(description))
    if json is not None:
        _write_json(json, description.to_json())
    if page is not None:
        from millwright.datasets.samples import make_films
        from millwright.evaluation.dataset_page import write_dataset_page

        write_dataset_page(description, make_films(root, films), page)
        say(f"wrote {page}")


def tabulate(it: Description) -> str:
    """The description as lines for a terminal."""
    lengths = sorted(it.lengths)
    counts = {"instructions": it.tasks, "words": it.words, "verdicts": it.verdicts}
    lines = [
        f"{it.name}: {it.episodes} episodes, {it.frames} frames at {it.fps} Hz, {it.size_mb:.1f} MB",
        *([f"lengths: {lengths[0]} to {lengths[-1]} frames, median {lengths[len(lengths) // 2]}"] if lengths else []),
        *(f"{name}: {text}" for name, text in it.cameras.items()),
        *(f"{name}: {_list(table)}" for name, table in counts.items() if table),
        f"  {'action':<16}{'mean':>10}{'deviation':>11}{'least':>10}{'most':>10}{'mean step':>11}{'largest':>10}",
    ]
    for one in it.joints:
        values = f"{one.mean:>10.4g}{one.std:>11.4g}{one.min:>10.4g}{one.max:>10.4g}{one.mean_step:>11.3g}"
        lines.append(f"  {one.name:<16}{values}{one.max_step:>10.3g} {one.unit}")
    for grip in it.grippers:
        ends = f"at its least in {grip.low_share:.0%} of the frames, at its most in {grip.high_share:.0%}"
        lines.append(f"{grip.name}: {ends}, {grip.switches:.1f} changes an episode")
    lines += [f"{name}: {share:.1%} of its values are there" for name, share in it.depth_valid.items()]
    return "\n".join([*lines, *(f"odd: {text}" for text in it.anomalies[:SHOWN])])


def _list(counts: Mapping[str, int]) -> str:
    shown = ", ".join(f"{name} {number}" for name, number in list(counts.items())[:SHOWN])
    return shown + (f", ... ({len(counts)})" if len(counts) > SHOWN else "")


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
    _write_json(path, {"schema": 1, "errors": errors, "findings": rows})


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    from millwright.datasets.durable import replace_text

    replace_text(path, json.dumps(content, indent=1))


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


VERBS: dict[str, Callable[..., None]] = {
    "validate": validate,
    "describe": describe,
    "merge": merge,
    "split": split,
    "filter": filter_episodes,
    "drop": drop,
    "encode": encode,
    "import": import_dataset,
    "export": export,
    "push": push,
}
