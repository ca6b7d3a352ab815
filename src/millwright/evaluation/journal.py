"""Journal: `episodes.jsonl`, one line an episode, so that an interrupted evaluation goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path

from millwright.evaluation.result import EpisodeResult


class Journal:
    """Appends results to a file and gives back those of the same claim.

    A line that a crash cut short is dropped, and so are lines of another claim, or all without a claim's digest.
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
        rows = [json.loads(line) for line in whole]
        mine = [EpisodeResult.from_json(row["episode"]) for row in rows if row["claim"] == self._digest]
        return {result.seed: result for result in mine}

    def _line(self, result: EpisodeResult) -> str:
        return json.dumps({"claim": self._digest, "episode": result.to_json()}, default=str) + "\n"
