"""Verbs that play episodes: to write them down, to count successes; and the one that compares two counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import OmitArgPrefixes, Positional

from millwright.cli.arguments import (
    CORES,
    Env,
    Given,
    Milliseconds,
    OptionalFloat,
    OptionalInt,
    OptionalName,
    OptionalPath,
    Seeds,
    check_file,
    check_folder,
    say,
)
from millwright.cli.by_hand import HUMAN, record_by_hand
from millwright.cli.metrics import serve_metrics
from millwright.core.errors import OptionError, RemoteError, WorkerError, choose

if TYPE_CHECKING:
    from millwright.catalog import Player
    from millwright.evaluation.result import Result


def record(
    env: Env,
    policy: str,
    seeds: Seeds,
    out: Path,
    workers: int = CORES,
    perturb: bool = False,
    label: bool = False,
    linger: int = 8,
    port: int = 8000,
    *,
    call: Given,
) -> None:
    """Play a policy and write every episode down, the failed ones too. A second call goes on where the first stopped.

    Options of the environment follow as --env.NAME VALUE, for example --env.hard true; a wrong NAME lists them.

    Args:
        env: the environment (`millwright list envs`).
        policy: who drives: expert, the name of a shipped policy, the path of a bundle, or human: you, by arrow keys.
        seeds: of the episodes, half open; use seeds below 5000 to train on.
        out: folder of the dataset.
        workers: processes.
        perturb: disturb what the expert does; its plan from the actual state is the label.
        label: let the expert say at every step what it would have done (DAgger); always so with an expert.
        linger: steps to play on after the judge has decided, so that a policy also learns to hold on.
        port: with --policy human, of the page on which a person drives, on this machine; 0 takes a free one.
    """
    if policy == HUMAN:
        record_by_hand(env, seeds, out, port, call.env_options, perturb or label)
        return
    from millwright import catalog
    from millwright.core.features import Features
    from millwright.datasets.recorder import record as record_episodes

    task = choose("environment", env, catalog.TASKS)
    check_folder("--out", out)
    if perturb and policy != task.labeller:
        raise OptionError(f"--perturb disturbs an expert: use it with --policy {task.labeller}, not {policy}")
    driver = task.perturbed if perturb else policy
    player = catalog.Player(env, call.env_options, driver, label or perturb or driver in task.experts, linger)
    made = _check(player)
    features = Features(*made.features.values(), made.action)
    record_episodes(player, seeds, out, fps=made.metadata["control_hz"], workers=workers, features=features)
    say(f"{out}: {len(seeds)} episodes")


@dataclass(frozen=True)
class Playing:
    """How a bundle's chunks are played.

    Args:
        execute: actions of each chunk that are played (default: as the task has it).
        blend: ticks over which the chunk before fades out (default: as the task has it).
        latency_ms: simulated: how long after its observation a plan is there, drawn for each call from A to B. The
            policy plans while it plays.
        stale: it does not, and takes late plans for up to date (a control).
        waits: it does not, and stands until its plan is there (a control).
        tempo: share of their speed at which late plans are played (default: the later they come, the slower).
    """

    execute: OptionalInt = None
    blend: OptionalInt = None
    latency_ms: Milliseconds = (0.0, 0.0)
    stale: bool = False
    waits: bool = False
    tempo: OptionalFloat = None

    def to_player(self) -> dict[str, Any]:
        """As a `Player` takes them."""
        told = {name: value for name, value in vars(self).items() if name != "latency_ms"}
        return {"latency_s": self.latency_ms, **told}


@dataclass(frozen=True)
class Guarding:
    """What keeps the policy from harm, or drives in its place.

    Args:
        fallback: who drives while the policy, a server's for example, does not answer: a name or path, as for it.
        min_confidence: with --fallback, 0 to 1: who drives also while the policy is less sure of its plans than that.
        limits: keep the policy within the limits of that name (ur5e on the brick table), joints' jerk included.
        command_loop: in real time: beside the policy a process commands the arm and halts it when something is wrong.
    """

    fallback: OptionalName = None
    min_confidence: float = 0.0
    limits: OptionalName = None
    command_loop: bool = False

    def to_player(self) -> dict[str, Any]:
        """As a `Player` takes them."""
        named = {"fallback": self.fallback or "", "limits": self.limits or ""}
        return {**named, "min_confidence": self.min_confidence, "commanded": self.command_loop}


def evaluate(
    env: Env,
    policy: str,
    seeds: Seeds,
    workers: int = CORES,
    report: OptionalPath = None,
    json: OptionalPath = None,
    judge: OptionalName = None,
    playing: Annotated[Playing, OmitArgPrefixes] = Playing(),
    guarding: Annotated[Guarding, OmitArgPrefixes] = Guarding(),
    metrics_port: OptionalInt = None,
    card: bool = False,
    patience_s: float = 60.0,
    *,
    call: Given,
) -> None:
    """Play a policy once on every seed and count what the environment's judge says.

    Options of the environment follow as --env.NAME VALUE, for example --env.hard true; a wrong NAME lists them.

    Args:
        env: the environment (`millwright list envs`).
        policy: expert, random, nothing, a shipped policy, the path of a bundle, or grpc://HOST:PORT[/BUNDLE].
        seeds: half open; use seeds from 10000 on for figures that you publish.
        workers: processes; their number changes nothing but the time it takes.
        report: folder for report.html, films and result.json.
        json: file for the result alone.
        judge: name of a flawed judge (a control): the report shows what its successes lack.
        metrics_port: port at which Prometheus reads what the policy does, on this machine; 0 takes a free one.
        card: write the bundle's model card again, with this result in place of those on it.
        patience_s: how long a server that goes away is waited for; the episode that it broke off is played again.
    """
    from millwright import catalog
    from millwright.evaluation.suite import evaluate as evaluate_seeds

    if guarding.command_loop and workers != 1:
        raise OptionError(f"--command-loop plays in real time, one robot: add --workers 1, not {workers}")
    played = playing.to_player() | guarding.to_player() | {"judge": judge or ""}
    player = catalog.Player(env, call.env_options, policy, patience_s=_check_patience(patience_s), **played)
    _check(player)
    player = player.pin()
    file = _find_file(report, json)
    carded = _find_carded(policy, file, judge) if card else None
    with serve_metrics(metrics_port, workers) as metrics:
        metered = replace(player, metrics=metrics)
        with _tell_what_is_kept(report):
            result = evaluate_seeds(metered, seeds, workers, report, claim=player.describe(), command=call.command)
    _tell(result, report, json)
    if carded is not None and file is not None:
        from millwright.recipes.cards import save_card

        say(f"wrote {save_card(carded, [file])}")


def _check_patience(patience_s: float) -> float:
    """Refuse what is no time to wait.

    Raises:
        OptionError: it is below 0, or no number.
    """
    if not 0 <= patience_s < float("inf"):
        raise OptionError(f"--patience-s is seconds, 0 or more: --patience-s 60 waits a minute; got {patience_s}")
    return patience_s


@contextmanager
def _tell_what_is_kept(report: Path | None) -> Iterator[None]:
    """Say with an error that ends an evaluation what becomes of the episodes that were judged before."""
    try:
        yield
    except (RemoteError, WorkerError) as error:
        told = f"what was judged before is kept in {report}, and the same command goes on from there"
        lost = "what was judged before is lost: with --report DIR it would be kept, and the same command go on from it"
        raise type(error)(f"{error}\n{told if report else lost}") from error


def _find_file(report: Path | None, json: Path | None) -> Path | None:
    """The file that is to hold the result, if there is to be one; refuses what cannot be written."""
    if report is not None:
        check_folder("--report", report)
    if json is not None:
        check_file("--json", json, "result.json")
    return json if report is None or json is not None else report / "result.json"


def _tell(result: Result, report: Path | None, json: Path | None) -> None:
    from millwright.evaluation.behaviour import tabulate

    if json is not None:
        result.save(json)
    say(_summarise(result))
    if result.behaviour is not None:
        say("\n".join(tabulate(result.behaviour)))
    for path in (report and report / "report.html", json):
        if path is not None:
            say(f"wrote {path}")


def _find_carded(policy: str, file: Path | None, judge: str | None) -> Path:
    """The bundle whose card is to hold a result, before anything is played.

    Raises:
        OptionError: the policy is no bundle, or what is measured could not stand on a card.
    """
    from millwright.catalog import find_bundle

    if file is None:
        raise OptionError("--card names the file that holds the result: give --json FILE or --report DIR too")
    if judge is not None:
        raise OptionError(f"what {judge} calls a success is no result for a card: leave out --judge or --card")
    folder = find_bundle(policy)
    if folder is None:
        raise OptionError(f"--card is for bundles, which carry one; {policy} is none")
    return folder


def compare(a: Positional[Path], b: Positional[Path]) -> None:
    """Compare two results of `evaluate`: on the same seeds in pairs, otherwise as two samples.

    Args:
        a: the result to compare with.
        b: the result that may be better or worse.
    """
    from millwright.evaluation.compare import compare as compare_results
    from millwright.evaluation.result import load_result

    comparison = compare_results(load_result(a), load_result(b))
    for warning in comparison.warnings:
        say(f"careful: {warning}")
    for text in (comparison.sentence, *comparison.details):
        say(text)


def _check(player: Player) -> Any:
    """Make environment, judge and policy once here, so that what is wrong with them is said before workers start."""
    env, _, _ = player.make_cast()
    return env.unwrapped


def _summarise(result: Result) -> str:
    low, high = result.interval
    privileged = " (privileged: it sees the truth)" if result.privileged else ""
    counts = f"{result.successes}/{len(result.episodes)} = {result.rate:.1%}, 95% interval {low:.1%} to {high:.1%}"
    failures = ", ".join(f"{count} {name}" for name, count in result.failures.items())
    return f"{result.provenance['policy']}{privileged}: {counts}" + (f"; failures: {failures}" if failures else "")
