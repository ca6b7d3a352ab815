"""Journal: `episodes.jsonl`, one line an episode, so that an interrupted evaluation goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path

from millwright.core.errors import ResultError
from millwright.evaluation.result import EpisodeResult


class Journal:
    """Appends results to a file and gives back those of the same claim.

    A line that a crash cut short is dropped, and so are lines of another claim, or all without a claim's digest.

    Raises:
        ResultError: a whole line is no episode.
    """

    def __init__(self, path: Path, digest: str | None) -> None:
        self._path, self._digest = path, digest
        self.played = self._load()
        """Seed -> result of the episodes already played."""
        draft = path.with_name(path.name + ".part")
        draft.write_text("".join(self._line(result) for result in self.played.values()))
        draft.replace(path)

    def append(self, result: EpisodeResult) -> None:
        """Write one result to the file before returning."""
        with self._path.open("a") as file:
            file.write(self._line(result))
        self.played[result.seed] = result

    def _load(self) -> dict[int, EpisodeResult]:
        if self._digest is None or not self._path.exists():
            return {}
        whole = [line for line in self._path.read_text().splitlines(keepends=True) if line.endswith("\n")]
        results = [self._read(number, line) for number, line in enumerate(whole, start=1)]
        return {result.seed: result for result in results if result is not None}

    def _read(self, number: int, line: str) -> EpisodeResult | None:
        try:
            row = json.loads(line)
            return EpisodeResult.from_json(row["episode"]) if row["claim"] == self._digest else None
        except (ValueError, KeyError, TypeError) as error:
            remedy = "remove that line to play its episode again, or the file to play all"
            raise ResultError(f"{self._path}, line {number}, is no episode ({error!r}); {remedy}") from error

    def _line(self, result: EpisodeResult) -> str:
        return json.dumps({"claim": self._digest, "episode": result.to_json()}, default=str) + "\n"
