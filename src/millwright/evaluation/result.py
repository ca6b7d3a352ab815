"""EpisodeResult and Result: what is kept of an evaluation, and its JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from millwright.core.episode import Stage
from millwright.core.errors import ResultError
from millwright.evaluation.behaviour import Behaviour, count_stages
from millwright.evaluation.result_check import SCHEMA, check_result
from millwright.evaluation.statistics import Interval, describe, wilson

EVENTS = ("wrong_object", "collision")
"""Metrics that are 0 or 1 an episode, so that their mean is a rate with an interval."""


@dataclass(frozen=True)
class EpisodeResult:
    """What is kept of one episode: numbers and traces, no images."""

    seed: int
    success: bool
    failure: str | None
    task: str
    metrics: Mapping[str, float]
    """By name with its unit: those of the judge, and `steps`, `jerk_rad_s3`, `call_latency_ms` (means)."""
    times_s: tuple[float, ...] = ()
    distances_m: tuple[float, ...] = ()
    """Fingertips to target a tick, where the judge's evidence has `distance_m`; else empty."""
    call_ms: tuple[float, ...] = ()
    """Wall time of every call of the policy."""
    plan_ms: tuple[float, ...] = ()
    """Of those calls in which a new plan was made."""
    prompt_at: tuple[float, float] | None = None
    """Where the prompt box's centre was at the start, as fractions of the image from the top left."""
    film: str | None = None
    """File name in `films/`."""
    provenance: Mapping[str, Any] = field(default_factory=dict)
    properties: Mapping[str, str | float] = field(default_factory=dict)
    """What the start was like, by name with its unit; see `Episode.properties`."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What the verdict rests on, of failures."""
    strip: str | None = None
    """File name in `films/` of the key frames, side by side."""
    moments: tuple[tuple[str, float], ...] = ()
    """What each key frame shows and when, s."""
    stages: tuple[Stage, ...] = ()
    """How far it came, see `Episode.stages`."""
    surprises: tuple[float, ...] = ()
    """See `Episode.surprises`."""

    @property
    def stopped(self) -> str | None:
        """The first stage that it did not reach; None if it reached them all, or there are none."""
        return next((stage.name for stage in self.stages if stage.reached_at_s is None), None)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> EpisodeResult:
        traces = ("times_s", "distances_m", "call_ms", "plan_ms")
        prompt = row["prompt_at"]
        exact = {
            **{name: tuple(row[name]) for name in traces},
            "prompt_at": None if prompt is None else tuple(prompt),
            "moments": tuple((label, time_s) for label, time_s in row.get("moments", ())),
            "stages": tuple(Stage(**stage) for stage in row.get("stages", ())),
            "surprises": tuple(row.get("surprises", ())),
        }
        return EpisodeResult(**{**row, **exact})

    def to_verdict(self) -> dict[str, Any]:
        """The row in the JSON of the result; stages, properties and evidence where there are any."""
        row = {"seed": self.seed, "success": self.success, "failure": self.failure, "metrics": dict(self.metrics)}
        stages = {stage.name: stage.reached_at_s for stage in self.stages}
        more = {"stages": stages, "properties": dict(self.properties), "evidence": dict(self.evidence)}
        return row | {name: values for name, values in more.items() if values}


@dataclass(frozen=True)
class Result:
    """A played suite of seeds."""

    seeds: range
    episodes: tuple[EpisodeResult, ...]
    """One a seed, in the order of the seeds."""
    provenance: Mapping[str, Any]
    """Must hold `env` and `policy`."""

    @property
    def successes(self) -> int:
        return sum(episode.success for episode in self.episodes)

    @property
    def rate(self) -> float:
        return self.successes / len(self.episodes)

    @property
    def interval(self) -> Interval:
        """95% Wilson interval of the rate."""
        return wilson(self.successes, len(self.episodes))

    @property
    def privileged(self) -> bool:
        """The policy saw the truth, so the rate says nothing about a robot."""
        return any(episode.provenance.get("privileged", False) for episode in self.episodes)

    @property
    def failures(self) -> dict[str, int]:
        """Failure class -> count, the most frequent first."""
        return dict(Counter(episode.failure for episode in self.episodes if episode.failure).most_common())

    @property
    def verdicts(self) -> list[dict[str, Any]]:
        """One row an episode, as in the JSON."""
        return [episode.to_verdict() for episode in self.episodes]

    @property
    def behaviour(self) -> Behaviour | None:
        """How many came how far; None where the task has no stages."""
        about = {stage.name: stage.about for episode in self.episodes[:1] for stage in episode.stages}
        return count_stages(self.verdicts, about) if about else None

    def values(self, metric: str) -> list[float]:
        """One value for each episode that has this metric."""
        return [episode.metrics[metric] for episode in self.episodes if metric in episode.metrics]

    def metrics(self) -> dict[str, Any]:
        """`NAME_mean, _std, _p50, _p95, _p99` over episodes (latencies: over calls); rates of events, intervals."""
        names = dict.fromkeys(name for episode in self.episodes for name in episode.metrics)
        pooled = {
            "call_latency_ms": [ms for episode in self.episodes for ms in episode.call_ms],
            "plan_latency_ms": [ms for episode in self.episodes for ms in episode.plan_ms],
        }
        rows: dict[str, Any] = {}
        for name in (*(name for name in names if name not in pooled), *pooled):
            rows |= describe(name, pooled[name] if name in pooled else self.values(name))
        for name in EVENTS:
            flags = self.values(name)
            if flags:
                count = sum(flag > 0 for flag in flags)
                rows |= {f"{name}_rate": count / len(flags), f"{name}_interval": list(wilson(count, len(flags)))}
        return rows

    def to_json(self) -> dict[str, Any]:
        """The JSON of `millwright evaluate`, schema 1; `behaviour` where the task has stages."""
        behaviour = self.behaviour
        return {
            "schema": SCHEMA,
            "env": self.provenance["env"],
            "policy": self.provenance["policy"],
            "privileged": self.privileged,
            "seeds": f"{self.seeds.start}:{self.seeds.stop}",
            "episodes": len(self.episodes),
            "successes": self.successes,
            "rate": self.rate,
            "interval": list(self.interval),
            "failures": self.failures,
            **({"behaviour": behaviour.to_json()} if behaviour else {}),
            "verdicts": self.verdicts,
            "metrics": self.metrics(),
            "provenance": dict(self.provenance),
        }

    def save(self, path: Path) -> None:
        """Write the JSON to `path`, whole or not at all."""
        draft = path.with_name(path.name + ".part")
        draft.write_text(json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n")
        draft.replace(path)


def load_result(path: Path) -> dict[str, Any]:
    """Read a JSON that `Result.save` wrote.

    Raises:
        ResultError: the file is missing, is no such JSON, is of another schema or contradicts itself.
    """
    if path.is_dir():
        inside = path / "result.json"
        remedy = f"give {inside}" if inside.is_file() else "give the JSON of `millwright evaluate --json`"
        raise ResultError(f"{path} is a folder; {remedy}")
    try:
        values: dict[str, Any] = json.loads(path.read_text())
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ResultError(f"{path}: not readable as a result: {error}") from error
    check_result(values, str(path))
    return values
