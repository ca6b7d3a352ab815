"""What episodes say of themselves: instructions and the objects they name, verdicts, one episode told twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from millwright.core.errors import FeatureError
from millwright.core.judging import Verdict
from millwright.datasets.checks.check import Check
from millwright.datasets.checks.reference import Reference, References
from millwright.datasets.digests import digest_columns
from millwright.datasets.findings import Finding
from millwright.datasets.folder import Columns, Entry, Folder
from millwright.datasets.splits import parse_splits

_SLOT = "\0"
_AGREE = 0.8
"""Share of a template's instructions that must name their target before the others are called wrong."""


class Instructions(Check):
    """An instruction is there, names objects that are there, and the target where others of its kind do."""

    def __init__(self, folder: Folder) -> None:
        self._vocabulary = sorted({name for entry in folder.entries for name in _objects(entry)})
        self._templates = _find_templates(folder.entries)
        self._agree: Counter[str] = Counter()
        self._disagree: dict[str, list[Finding]] = defaultdict(list)

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        text = entry.tasks[0] if entry.tasks else ""
        if not text.strip():
            yield Finding("MW601", "its task is empty", entry.position)
            return
        objects = _objects(entry)
        if not objects:
            return
        absent = self._find_absent(text, objects)
        if absent:
            cause = f"{text!r} names {absent!r}; there are {', '.join(objects)}"
            yield Finding("MW602", cause, entry.position)
            return
        if "facts.target" in columns:
            self._compare(entry, text, objects[int(columns["facts.target"][0, 0])])

    def finish(self) -> Iterator[Finding]:
        for template, findings in self._disagree.items():
            if self._agree[template] >= _AGREE * (self._agree[template] + len(findings)):
                yield from findings

    def _find_absent(self, text: str, objects: Sequence[str]) -> str | None:
        """What `text` names that other scenes have, or that stands where other instructions name an object."""
        present = _find_named(text, objects)
        others = [name for name in _find_named(text, self._vocabulary) if name not in objects]
        if others:
            return others[0]
        if present:
            return None
        matches = (re.fullmatch(template, text) for template in self._templates)
        return next((match[1] for match in matches if match), None)

    def _compare(self, entry: Entry, text: str, target: str) -> None:
        named = _find_named(text, _objects(entry))
        if not named:
            return
        template = _make_template(text, named)
        if target in named:
            self._agree[template] += 1
        else:
            cause = f"{text!r}, and the target is {target!r}"
            self._disagree[template].append(Finding("MW603", cause, entry.position))


def _objects(entry: Entry) -> tuple[str, ...]:
    return tuple(entry.known.get("objects") or ())


def _find_named(text: str, names: Sequence[str]) -> list[str]:
    """Which of `names` are in `text` as words; of `blue` and `light blue` the longer."""
    found, rest = [], text.lower()
    for name in sorted(names, key=len, reverse=True):
        shorter = re.sub(rf"\b{re.escape(name.lower())}\b", _SLOT, rest)
        if shorter != rest:
            found.append(name)
            rest = shorter
    return found


def _make_template(text: str, named: Sequence[str]) -> str:
    """`text` with a slot for each name."""
    for name in sorted(named, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(name)}\b", _SLOT, text, flags=re.IGNORECASE)
    return text


def _find_templates(entries: Sequence[Entry]) -> list[str]:
    """Patterns of instructions in which at least two different objects are named, at one place."""
    fillers: dict[str, set[str]] = defaultdict(set)
    for text, objects in {(text, _objects(entry)) for entry in entries for text in entry.tasks}:
        named = _find_named(text, objects)
        if len(named) == 1:
            fillers[_make_template(text, named)].add(named[0])
    shared = [template for template, names in fillers.items() if len(names) > 1 and template.count(_SLOT) == 1]
    return [re.escape(template).replace(re.escape(_SLOT), r"(\w+(?: \w+)?)") for template in sorted(shared)]


class Verdicts(Check):
    """A verdict agrees with itself, and with the judge who sees the recorded facts again."""

    def __init__(self, folder: Folder, references: References) -> None:
        self._references = references
        rows = {name: row for name, row in folder.features.items() if name.startswith("facts.")}
        self._shapes = {name: tuple((row.get("info") or {}).get("shape", row["shape"])) for name, row in rows.items()}

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        success, failure = entry.known.get("success"), entry.known.get("failure")
        if success is None:
            return
        if success == (failure is not None):
            yield Finding("MW607", f"success is {success} and failure is {failure!r}", entry.position)
            return
        reference = self._references.get(entry)
        facts = {name: values for name, values in columns.items() if name.startswith("facts.")}
        if reference is None or not facts:
            return
        try:
            said = self._judge(reference, facts, _objects(entry))
        except FeatureError:  # some of the facts were dropped: nobody can judge any more
            return
        if (said.success, said.failure) != (success, failure):
            told, now = failure or "success", said.failure or "success"
            yield Finding("MW604", f"recorded as {told}; from its facts the judge says {now}", entry.position)

    def _judge(self, reference: Reference, facts: Columns, objects: tuple[str, ...]) -> Verdict:
        reference.judge.reset()
        for tick in range(len(next(iter(facts.values())))):
            arrays = {name: values[tick].reshape(self._shapes[name]) for name, values in facts.items()}
            reference.judge.see(reference.make_facts(arrays, objects))
        return reference.judge.verdict()


class Duplicates(Check):
    """No episode is there twice, least of all in what is trained on and what is tested on."""

    def __init__(self, folder: Folder) -> None:
        splits = folder.info.get("splits")
        self._splits = parse_splits(splits) if isinstance(splits, dict) else {}
        self._seen: dict[bytes, int] = {}

    def see(self, entry: Entry, columns: Columns) -> Iterator[Finding]:
        first = self._seen.setdefault(digest_columns(columns), entry.position)
        if first != entry.position:
            ours, theirs = self._find_split(entry.position), self._find_split(first)
            split = f"; that is in split {theirs}, this in {ours}" if ours != theirs else ""
            code = "MW605" if split else "MW606"
            yield Finding(code, f"frame by frame the same as episode {first}{split}", entry.position)

    def _find_split(self, position: int) -> str:
        return next((name for name, chosen in self._splits.items() if position in chosen), "none")


def make_checks(folder: Folder, references: References) -> list[Check]:
    """All of this file."""
    return [Instructions(folder), Verdicts(folder, references), Duplicates(folder)]
