"""Finding: one thing that is wrong with a dataset, with its code, its place, its cause and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning"]

FIX = "millwright dataset validate {root} --fix OUT"
DROP = "millwright dataset filter {root} --drop {episode} --out OUT"
RECORD = "record it again, or copy it again from where it is whole"


class Fault(NamedTuple):
    """A kind of finding."""

    severity: Severity
    title: str
    mend: str


FAULTS: dict[str, Fault] = {
    # The folder and its metadata.
    "MW101": Fault("error", "no dataset that can be read", RECORD),
    "MW102": Fault("error", "info.json lacks a key, or has one that cannot be", FIX),
    "MW103": Fault("error", "info.json counts wrongly", FIX),
    "MW104": Fault("error", "the texts of the tasks are missing, or lost as index", FIX),
    "MW105": Fault("error", "task indices with gaps or twice", FIX),
    "MW106": Fault("error", "a gap in the episodes' numbers", FIX),
    "MW107": Fault("error", "an episode's frames do not follow the last one's", FIX),
    "MW108": Fault("error", "an episode's task is not in the table of tasks", FIX),
    "MW109": Fault("error", "a parquet file that cannot be read: without its footer its writer was killed", FIX),
    "MW110": Fault("error", "a file is missing", FIX),
    "MW111": Fault("warning", "a file that no episode uses", FIX),
    "MW112": Fault("error", "splits that overlap or name episodes that are not there", FIX),
    "MW113": Fault("warning", "recorded, but not part of the dataset yet", "millwright dataset describe {root}"),
    # Columns.
    "MW201": Fault("error", "a column that info.json does not declare", FIX),
    "MW202": Fault("error", "a declared column is missing", RECORD),
    "MW203": Fault("error", "a column of another type or shape than declared", RECORD),
    "MW204": Fault("error", "timestamps off the grid", FIX),
    "MW205": Fault("error", "frame_index does not count an episode's frames", FIX),
    "MW206": Fault("error", "index does not count all frames", FIX),
    "MW207": Fault("error", "episode_index is another episode's", FIX),
    "MW208": Fault("error", "task_index is missing or another task's", FIX),
    "MW209": Fault("error", "a file holds more or fewer rows than its episodes", DROP),
    "MW210": Fault("error", "values that are missing or not finite", DROP),
    # Videos.
    "MW301": Fault("error", "a video that cannot be opened or decoded", FIX),
    "MW302": Fault("error", "a variable frame rate", FIX),
    "MW303": Fault("error", "a video holds more or fewer frames than its episodes", FIX),
    "MW304": Fault("error", "an episode's time in the video is not counted in frames", FIX),
    "MW305": Fault("error", "a video is not what info.json says", FIX),
    "MW306": Fault("error", "a picture in a parquet file that is missing, damaged or of another size", FIX),
    "MW311": Fault("warning", "black frames", DROP),
    "MW312": Fault("warning", "frozen frames", DROP),
    "MW313": Fault("warning", "blurred frames", DROP),
    "MW314": Fault("warning", "more than 30% of the depth is invalid", DROP),
    # Statistics.
    "MW401": Fault("error", "stats.json is missing or no JSON", FIX),
    "MW402": Fault("error", "a feature without statistics", FIX),
    "MW403": Fault("error", "statistics of another shape or count", FIX),
    "MW404": Fault("error", "minimum, maximum, mean or deviation is wrong", FIX),
    "MW405": Fault("error", "quantiles are wrong", FIX),
    # Learning.
    "MW501": Fault("warning", "an action that hardly varies", "leave it to the controller, or record what moves it"),
    "MW502": Fault("warning", "an episode whose action stands still", DROP),
    "MW503": Fault("warning", "an action out of its range", DROP),
    "MW504": Fault("warning", "an action that jumps", DROP),
    "MW505": Fault("warning", "the action only repeats the state", "record what was commanded, not what was measured"),
    # Meaning.
    "MW601": Fault("error", "an episode without an instruction", DROP),
    "MW602": Fault("error", "the instruction names an object that is not there", DROP),
    "MW603": Fault("error", "the instruction names another object than the target", DROP),
    "MW604": Fault("error", "the judge contradicts the recorded verdict", DROP),
    "MW605": Fault("error", "the same episode in two splits", DROP),
    "MW606": Fault("warning", "the same episode twice", DROP),
    "MW607": Fault("error", "the verdict contradicts itself", DROP),
}
"""Code -> what it means. The hundreds are files of `checks/`; a code never changes its meaning."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, at its first frame where there are several."""

    code: str
    cause: str
    """A sentence with what was found and what should be there."""
    episode: int | None = None
    """Position in the dataset."""
    frame: int | None = None
    """In the episode, from 0 on."""
    file: str | None = None
    """Below the dataset's folder."""

    @property
    def severity(self) -> Severity:
        """`error`: loaders fail or learn from wrong data; `warning`: look at it."""
        return FAULTS[self.code].severity

    @property
    def title(self) -> str:
        return FAULTS[self.code].title

    def make_mend(self, root: Path) -> str:
        """The command, or the act, that mends it."""
        return FAULTS[self.code].mend.format(root=root, episode="N" if self.episode is None else self.episode)

    @property
    def place(self) -> str:
        """Episode, frame and file, as far as they are known."""
        named = {"episode": self.episode, "frame": self.frame}
        parts = [f"{name} {value}" for name, value in named.items() if value is not None]
        return ", ".join([*parts, *([self.file] if self.file else [])])

    def __str__(self) -> str:
        place = f" {self.place}:" if self.place else ""
        return f"{self.code} {self.severity}:{place} {self.cause}"

    def to_json(self, root: Path) -> dict[str, Any]:
        return {**vars(self), "severity": self.severity, "title": self.title, "mend": self.make_mend(root)}
