"""The `millwright` command: verbs only, each a thin function over the package."""

from __future__ import annotations

import importlib.metadata
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import partial

import tyro

from millwright.cli.arguments import Call, say, take_env_options
from millwright.cli.card import card
from millwright.cli.dataset import dataset
from millwright.cli.demo import dashboard, demo
from millwright.cli.experiment import run, train
from millwright.cli.export import export
from millwright.cli.look import list_names, probe, replay
from millwright.cli.play import compare, evaluate, record
from millwright.cli.profile import profile
from millwright.cli.serve import serve
from millwright.cli.serve_lerobot import serve_lerobot
from millwright.core.errors import MillwrightError, choose

HELP = """\
millwright: learned robot policies, from a simulated cell to a monitored fleet

usage: millwright VERB ...

  demo       the dashboard on this machine: click a brick, a learned policy picks it
  dashboard  the same for any environment and bundle: lifting is asked for in words
  run        a whole experiment: record, train, evaluate, report; run it again to go on where it stopped
  record     play a policy and write down what happens, as a LeRobot v3 dataset
  train      the training of a recipe alone, from a dataset that is there
  evaluate   play a policy on seeds and count what a judge says
  compare    two results of `evaluate`: is one better, or was it luck?
  replay     an episode as a file for the Rerun viewer: the scene in 3D, pictures, numbers, verdict
  probe      where a policy would go for each object of a scene, and what in its picture decides that
  profile    how long each stage of a policy takes, and how large it is, against a budget
  serve      policies to robots over gRPC and HTTP; `evaluate --policy grpc://HOST:PORT` plays them from there
  serve-lerobot  a policy of LeRobot's, from LeRobot's own environment
  export     a bundle for ONNX Runtime, without torch, kept only if it does no worse; or for Triton
  card       what a stranger should know before playing a bundle, written anew with results
  dataset    look after datasets: validate, and more (`millwright dataset --help`)
  list       envs, policies, gamers (cheats), starts (adversarial ones), recipes or judges

examples:

  millwright demo --port 8001
  millwright dashboard --env lift-choice --policy expert
  millwright run brick-pick
  millwright record brick-table --policy expert --perturb --seeds 0:500 --out data
  millwright train brick-pick --dataset data --out runs/mine
  millwright evaluate brick-table --policy runs/mine/brick-pick --seeds 10000:10200 --report report
  millwright evaluate brick-table --policy expert --seeds 5000:5050 --env.hard true --json expert.json
  millwright evaluate brick-table --policy brick-pick --seeds 5000:5050 --latency-ms 100:250
  millwright compare expert.json report/result.json
  millwright replay brick-table --policy brick-pick --seed 4242
  millwright replay data 12
  millwright probe runs/mine/brick-pick --seed 4242
  millwright card runs/mine/brick-pick --results mine.json mine-hard.json
  millwright serve brick-pick --port 50051
  millwright export brick-pick --out runs/brick-pick-onnx
  millwright dataset validate data

`millwright VERB --help` says more. Seeds are half open: 0:500 is 500 episodes.
Ctrl-C stops; run, record, train, and evaluate with --report, go on from there when called again.
Bad input ends with a line that says what would have worked, and exit code 2."""


def _parse_and_call(verb: Callable[..., None], args: list[str]) -> None:
    name = verb.__name__.removesuffix("_names").replace("_", "-")
    command = shlex.join(["millwright", name, *args])
    wants_call = "call" in verb.__annotations__
    given = {"call": Call(command, take_env_options(args))} if wants_call else {}
    tyro.cli(partial(verb, **given), args=args, prog=f"millwright {name}", config=(tyro.conf.FlagCreatePairsOff,))


VERBS: dict[str, Callable[[list[str]], None]] = {
    "demo": partial(_parse_and_call, demo),
    "dashboard": partial(_parse_and_call, dashboard),
    "run": run,
    "record": partial(_parse_and_call, record),
    "train": train,
    "evaluate": partial(_parse_and_call, evaluate),
    "compare": partial(_parse_and_call, compare),
    "replay": partial(_parse_and_call, replay),
    "probe": partial(_parse_and_call, probe),
    "profile": partial(_parse_and_call, profile),
    "serve": partial(_parse_and_call, serve),
    "serve-lerobot": partial(_parse_and_call, serve_lerobot),
    "export": partial(_parse_and_call, export),
    "card": partial(_parse_and_call, card),
    "dataset": dataset,
    "list": partial(_parse_and_call, list_names),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; 0 when it went well, 2 when the input was wrong (and said why on stderr)."""
    args = list(sys.argv[1:] if argv is None else argv)
    name = args.pop(0) if args else "--help"
    if name in ("-h", "--help", "help"):
        say(HELP)
        return 0
    if name == "--version":
        say(importlib.metadata.version("millwright"))
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
