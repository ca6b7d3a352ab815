"""The `millwright` command: verbs only, each a thin function over the package."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro
from tyro.conf import Fixed, Positional, Suppress
from tyro.constructors import PrimitiveConstructorSpec

from millwright.core.errors import MillwrightError, OptionError, choose, import_extra

if TYPE_CHECKING:
    from millwright.catalog import Player
    from millwright.evaluation.result import Result

HELP = """\
millwright: learned robot policies, from a simulated cell to a monitored fleet

usage: millwright VERB ...

  demo       the dashboard on this machine: click a brick, a learned policy picks it
  run        a whole experiment: record, train, evaluate, report; run it again to go on where it stopped
  record     play a policy and write down what happens, as a LeRobot v3 dataset
  train      the training of a recipe alone, from a dataset that is there
  evaluate   play a policy on seeds and count what a judge says
  compare    two results of `evaluate`: is one better, or was it luck?
  replay     an episode as a file for the Rerun viewer: the scene in 3D, pictures, numbers, verdict
  probe      where a policy would go for each object of a scene, and what in its picture decides that
  list       envs, policies, gamers (cheats), starts (adversarial ones), recipes or judges

examples:

  millwright demo --port 8001
  millwright run brick-pick
  millwright record brick-table --policy expert --perturb --seeds 0:500 --out data
  millwright train brick-pick --dataset data --out runs/mine
  millwright evaluate brick-table --policy runs/mine/brick-pick --seeds 10000:10200 --report report
  millwright evaluate brick-table --policy expert --seeds 5000:5050 --env.hard true --json expert.json
  millwright compare expert.json report/result.json
  millwright replay brick-table --policy brick-pick --seed 4242
  millwright replay data 12
  millwright probe runs/mine/brick-pick --seed 4242

`millwright VERB --help` says more. Seeds are half open: 0:500 is 500 episodes.
Ctrl-C stops; run, record, train, and evaluate with --report, go on from there when called again.
Bad input ends with a line that says what would have worked, and exit code 2."""


def _parse_range(words: list[str]) -> range:
    from millwright.evaluation.suite import parse_seeds

    return parse_seeds(words[0])


Seeds = Annotated[
    range,
    PrimitiveConstructorSpec(
        nargs=1,
        metavar="A:B",
        instance_from_str=_parse_range,
        is_instance=lambda value: isinstance(value, range),
        str_from_instance=lambda seeds: [f"{seeds.start}:{seeds.stop}"],
    ),
]
Env = Annotated[Positional[str], tyro.conf.arg(metavar="ENV")]
OptionalPath = Annotated[Path | None, tyro.conf.arg(metavar="PATH")]
OptionalAddress = Annotated[str | None, tyro.conf.arg(metavar="HOST:PORT")]
OptionalName = Annotated[str | None, tyro.conf.arg(metavar="NAME")]
BundleName = Annotated[Positional[str], tyro.conf.arg(metavar="BUNDLE")]
Source = Annotated[Positional[str], tyro.conf.arg(metavar="ENV|DATASET")]
Number = Annotated[Positional[int | None], tyro.conf.arg(metavar="[EPISODE]")]
OptionalInt = Annotated[int | None, tyro.conf.arg(metavar="INT")]
Listed = Annotated[str, tyro.conf.arg(metavar="envs|policies|gamers|starts|recipes|judges")]


@dataclasses.dataclass(frozen=True)
class Call:
    """What tyro does not parse: the command line, and options of the environment."""

    command: str
    env_options: dict[str, Any]


Given = Annotated[Call, Fixed, Suppress]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def demo(
    host: str = "127.0.0.1",
    port: int = 8000,
    policy: OptionalName = None,
    allow_remote: bool = False,
    rerun: OptionalAddress = None,
) -> None:
    """The dashboard: click a brick, a policy picks it, and the page says whether it really did.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        policy: who drives first (`millwright list policies`); any can be chosen on the page.
        allow_remote: let other machines connect. Whoever reaches the port can drive.
        rerun: address of a Rerun viewer to stream every episode to; `rerun` starts one at 127.0.0.1:9876.
    """
    from millwright import catalog

    for module in ("fastapi", "uvicorn", "websockets"):
        import_extra(module, "dashboard")
    if rerun is not None:
        import_extra("rerun", "looking")
    from millwright.dashboard.server import serve_dashboard
    from millwright.dashboard.session import Session
    from millwright.dashboard.stage import Stage

    env = "brick-table"
    policies = {name: partial(catalog.make_policy, env, name) for name in catalog.list_policies(env)}
    stage = Stage(partial(catalog.make_env, env), partial(catalog.make_judge, env), policies)
    on_ready = partial(_say, end="  (Ctrl-C ends it)\n")
    serve_dashboard(partial(Session, stage, policy), host, port, allow_remote, on_ready, rerun)


def record(
    env: Env,
    policy: str,
    seeds: Seeds,
    out: Path,
    workers: int = CORES,
    perturb: bool = False,
    label: bool = False,
    linger: int = 8,
    *,
    call: Given,
) -> None:
    """Play a policy and write every episode down, the failed ones too. A second call goes on where the first stopped.

    Options of the environment follow as --env.NAME VALUE, for example --env.hard true; a wrong NAME lists them.

    Args:
        env: the environment (`millwright list envs`).
        policy: who drives: expert, the name of a shipped policy, or the path of a bundle.
        seeds: of the episodes, half open; use seeds below 5000 to train on.
        out: folder of the dataset.
        workers: processes.
        perturb: disturb what the expert does; its plan from the actual state is the label.
        label: let the expert say at every step what it would have done (DAgger); always so with an expert.
        linger: steps to play on after the judge has decided, so that a policy also learns to hold on.
    """
    from millwright import catalog
    from millwright.core.features import Features
    from millwright.datasets.recorder import record as record_episodes

    task = choose("environment", env, catalog.TASKS)
    _check_folder("--out", out)
    if perturb and policy != task.labeller:
        raise OptionError(f"--perturb disturbs an expert: use it with --policy {task.labeller}, not {policy}")
    driver = task.perturbed if perturb else policy
    player = catalog.Player(env, call.env_options, driver, label or driver in task.experts, linger)
    made = _check(player)
    features = Features(*made.features.values(), made.action)
    record_episodes(player, seeds, out, fps=made.metadata["control_hz"], workers=workers, features=features)
    _say(f"{out}: {len(seeds)} episodes")


def evaluate(
    env: Env,
    policy: str,
    seeds: Seeds,
    workers: int = CORES,
    report: OptionalPath = None,
    json: OptionalPath = None,
    *,
    call: Given,
) -> None:
    """Play a policy once on every seed and count what the environment's judge says.

    Options of the environment follow as --env.NAME VALUE, for example --env.hard true; a wrong NAME lists them.

    Args:
        env: the environment (`millwright list envs`).
        policy: expert, random, nothing, the name of a shipped policy, or the path of a bundle.
        seeds: half open; use seeds from 10000 on for figures that you publish.
        workers: processes; their number changes nothing but the time it takes.
        report: folder for report.html, films and result.json.
        json: file for the result alone.
    """
    from millwright import catalog
    from millwright.evaluation.suite import evaluate as evaluate_seeds

    player = catalog.Player(env, call.env_options, policy)
    _check(player)
    if report is not None:
        _check_folder("--report", report)
    if json is not None:
        _check_file("--json", json, "result.json")
    result = evaluate_seeds(player, seeds, workers, report, claim=player.describe(), command=call.command)
    if json is not None:
        result.save(json)
    _say(_summarise(result))
    for path in (report and report / "report.html", json):
        if path is not None:
            _say(f"wrote {path}")


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
        _say(f"careful: {warning}")
    for text in (comparison.sentence, *comparison.details):
        _say(text)


def replay(
    source: Source,
    episode: Number = None,
    policy: OptionalName = None,
    seed: OptionalInt = None,
    target: OptionalName = None,
    out: OptionalPath = None,
    *,
    call: Given,
) -> None:
    """Write an episode as a file for the Rerun viewer (`rerun FILE` opens it): the scene in 3D with the plan and the
    contacts, both cameras' pictures, state, action, distance and verdict, all on one time line.

    The episode is one of a recorded dataset, `millwright replay data 12`, or is played now, `millwright replay
    brick-table --policy expert --seed 4242`; then options of the environment may follow as --env.NAME VALUE.

    Args:
        source: an environment (`millwright list envs`), or the folder of a dataset.
        episode: number of a dataset's episode, from 0 on.
        policy: who plays: expert, the name of a shipped policy, or the path of a bundle.
        seed: of the scene that is played.
        target: name of what is to be picked; without it the seed decides.
        out: file to write; without it a name in this folder that says what was played.
    """
    import_extra("rerun", "looking")
    from millwright import looking
    from millwright.catalog import TASKS

    if out is not None:
        _check_file("--out", out, "episode.rrd")
    wishes = {"--policy": policy, "--seed": seed, "--target": target, "--env.NAME": call.env_options or None}
    given = [name for name, value in wishes.items() if value is not None]
    if source in TASKS:
        if episode is not None:
            raise OptionError(f"a number belongs to a dataset, {source} is played: give --seed {episode}")
        played, name = looking.play_episode(source, policy, 4242 if seed is None else seed, target, call.env_options)
    else:
        played, name = looking.load_recorded(source, episode, given)
    file = out or Path(f"{name}.rrd")
    looking.replay(played, file)
    _say(f"{name}: {played.task}; {played.verdict.failure or 'success'} after {len(played)} steps")
    _say(f"wrote {file}; look at it with: rerun {file}")


def probe(bundle: BundleName, seed: int = 4242, out: OptionalPath = None, *, call: Given) -> None:
    """Ask a policy for every object of one scene in turn, by a click somewhere on it, and draw its first plan: where
    the hand would end, and which places of the picture move that end when they are hidden.

    Options of the environment follow as --env.NAME VALUE, for example --env.hard true; a wrong NAME lists them.

    Args:
        bundle: the path of a bundle, or the name of a shipped one.
        seed: of the scene and of the clicks.
        out: folder for probe.png and probe.json; without it a folder here, named after bundle and seed.
    """
    from millwright import looking
    from millwright.evaluation.probe import tabulate

    if out is not None:
        _check_folder("--out", out)
    found, folder = looking.probe_bundle(bundle, seed, call.env_options, out)
    _say(tabulate(found))
    for name in ("probe.png", "probe.json"):
        _say(f"wrote {folder / name}")


def list_names(what: Positional[Listed]) -> None:
    """Names that the other verbs take.

    Args:
        what: which names.
    """
    from millwright.catalog import TASKS, list_policies
    from millwright.recipes import RECIPES

    judges = {env: task.judge() for env, task in TASKS.items()}
    lists = {
        "envs": {name: task.about for name, task in TASKS.items()},
        "policies": {name: f"in {env}" for env in TASKS for name in list_policies(env)},
        "gamers": {name: f"in {env}" for env, task in TASKS.items() for name in task.gamers},
        "starts": {name: f"in {env}" for env, task in TASKS.items() for name in task.starts},
        "recipes": {name: recipe.about for name, recipe in RECIPES.items()},
        "judges": {type(j).__name__: f"of {env}; failures: {', '.join(j.failures)}" for env, j in judges.items()},
    }
    for name, about in choose("list", what, lists).items():
        _say(f"{name:<20} {about}")


def run(args: list[str]) -> None:
    """Run a recipe with the fields given."""
    name, recipe = _take_recipe("run", args)
    chosen = _parse_recipe(recipe, args, f"millwright run {name}", out=Path("runs") / name)
    _check_folder("--out", chosen.out)
    chosen.recipe.run(chosen.out)
    made = [chosen.out / "summary.json", *chosen.out.glob("*/report.html")]
    made += [manifest.parent for manifest in chosen.out.glob("*/manifest.json")]
    for path in made:
        _say(f"wrote {path}")


def train(args: list[str]) -> None:
    """Train as a recipe does, on the dataset that its field `dataset` names."""
    from millwright.recipes.recipe import claim_folder

    name, recipe = _take_recipe("train", args)
    chosen = _parse_recipe(recipe, args, f"millwright train {name}", out=dataclasses.MISSING)
    if not chosen.recipe.dataset:
        raise OptionError(f"--dataset DIR is missing: the folder to train on (`millwright run {name}` records its own)")
    _check_folder("--out", chosen.out)
    claim_folder(chosen.recipe, chosen.out)
    chosen.recipe.train(Path(chosen.recipe.dataset), chosen.out / "training", chosen.out / name)
    _say(f"wrote {chosen.out / name}")


def _take_recipe(verb: str, args: list[str]) -> tuple[str, type[Any]]:
    """Take the recipe's name off `args`; without one, show the recipes."""
    from millwright.recipes import RECIPES

    recipes = {name: recipe for name, recipe in RECIPES.items() if hasattr(recipe, verb)}
    if not args or args[0] in ("-h", "--help"):
        rows = "\n".join(f"  {name:<16} {recipe.about}" for name, recipe in recipes.items())
        _say(f"usage: millwright {verb} RECIPE ...\n\nrecipes:\n{rows}\n\n`millwright {verb} RECIPE --help` says more.")
        raise SystemExit(0 if args else 2)
    name = args.pop(0)
    return name, choose("recipe", name, recipes)


def _parse_recipe(recipe: type[Any], args: list[str], prog: str, **paths: Any) -> Any:
    """The recipe made of its fields in `args`, beside paths with their defaults (MISSING: must be given)."""
    rows: list[Any] = [(name, Path, dataclasses.field(default=default)) for name, default in paths.items()]
    kind = dataclasses.make_dataclass("Chosen", [*rows, ("recipe", recipe)], kw_only=True)
    config = (tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff)
    return tyro.cli(kind, args=args, prog=prog, description=recipe.about, config=config)


def _check(player: Player) -> Any:
    """Make environment and policy once here, so that what is wrong with them is said before workers start."""
    from millwright import catalog

    catalog.make_policy(player.env, player.policy)
    return catalog.make_env(player.env, **player.env_options).unwrapped


def _check_folder(option: str, path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise OptionError(f"{option} {path}: that is a file; give a folder, or a name that is free")


def _check_file(option: str, path: Path, example: str) -> None:
    """Said before anything is played, not after."""
    if path.is_dir():
        raise OptionError(f"{option} {path}: that is a folder; give a file, {path / example} for example")
    path.parent.mkdir(parents=True, exist_ok=True)


def take_env_options(args: list[str]) -> dict[str, Any]:
    """Take `--env.NAME VALUE` and `--env.NAME=VALUE` off `args`; a name alone means true."""
    options, rest = {}, []
    while args:
        word = args.pop(0)
        if not word.startswith("--env."):
            rest.append(word)
            continue
        name, equals, value = word.removeprefix("--env.").partition("=")
        if not equals:
            value = args.pop(0) if args and not args[0].startswith("--") else "true"
        options[name.replace("-", "_")] = _parse_value(value)
    args[:] = rest
    return options


def _parse_value(text: str) -> Any:
    """JSON where it is JSON, else the text itself."""
    try:
        return json.loads(text.lower() if text in ("True", "False") else text)
    except ValueError:
        return text


def _summarise(result: Result) -> str:
    low, high = result.interval
    privileged = " (privileged: it sees the truth)" if result.privileged else ""
    counts = f"{result.successes}/{len(result.episodes)} = {result.rate:.1%}, 95% interval {low:.1%} to {high:.1%}"
    failures = ", ".join(f"{count} {name}" for name, count in result.failures.items())
    return f"{result.provenance['policy']}{privileged}: {counts}" + (f"; failures: {failures}" if failures else "")


def _say(text: str, end: str = "\n") -> None:
    print(text, end=end, flush=True)


def _parse_and_call(verb: Callable[..., None], args: list[str]) -> None:
    name = verb.__name__.removesuffix("_names")
    command = shlex.join(["millwright", name, *args])
    wants_call = "call" in verb.__annotations__
    given = {"call": Call(command, take_env_options(args))} if wants_call else {}
    tyro.cli(partial(verb, **given), args=args, prog=f"millwright {name}", config=(tyro.conf.FlagCreatePairsOff,))


VERBS: dict[str, Callable[[list[str]], None]] = {
    "demo": partial(_parse_and_call, demo),
    "run": run,
    "record": partial(_parse_and_call, record),
    "train": train,
    "evaluate": partial(_parse_and_call, evaluate),
    "compare": partial(_parse_and_call, compare),
    "replay": partial(_parse_and_call, replay),
    "probe": partial(_parse_and_call, probe),
    "list": partial(_parse_and_call, list_names),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; 0 when it went well, 2 when the input was wrong (and said why on stderr)."""
    args = list(sys.argv[1:] if argv is None else argv)
    name = args.pop(0) if args else "--help"
    if name in ("-h", "--help", "help"):
        _say(HELP)
        return 0
    if name == "--version":
        _say(importlib.metadata.version("millwright"))
        return 0
    try:
        choose("verb", name, VERBS)(args)
    except MillwrightError as error:
        print(f"millwright: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader of our output, `head` perhaps, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"millwright: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        resumes = name in ("run", "record", "train") or any(word.startswith("--report") for word in args)
        kept = "; what is finished is kept, the same command goes on from there" if resumes else ""
        print(f"\nmillwright: stopped{kept}", file=sys.stderr)
        return 130
    return 0
