"""Every error a user of millwright may want to catch.

MillwrightError
├── UnknownNameError      a name that is in no table (lists the table, suggests the nearest)
├── OptionError           an option of the wrong type or out of its range
├── FeatureError          an observation, action or batch is not what its Features declare
├── ActionError           an action that must not be executed (NaN, wrong shape)
│   └── ExpiredPlanError  a plan that is too old to be executed
├── PromptError           a click or a name that points at nothing
│   └── NothingLeftError  nothing is left to point at: the table is empty
├── BundleError           a bundle is incomplete, altered or does not fit
├── DatasetError          a dataset is of another layout, broken or does not fit
├── RecordingError        a recording could not go on (a full disk); what is finished is kept
├── ResultError           a file is not the result of an evaluation
├── BudgetError           a real step too many, or a count of them that cannot be trusted
├── RecipeError           a recipe that cannot be taken up in a folder, or lacks what it needs
├── TrainingError         a training that cannot go on (losses that are not finite, a checkpoint of another run)
├── WorkerError           an episode failed in a worker process (names the seed)
├── ServiceError          the dashboard or a server cannot start (a port in use)
│   └── RemoteError       a server of policies does not answer in time, or refuses (names its address)
│       └── AwayError     it may answer later: it has gone, is starting, or has forgotten who asks
└── MissingExtraError     an optional dependency is not installed (gives the command)
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


class MillwrightError(Exception):
    """Base class of all errors raised on purpose."""


class UnknownNameError(MillwrightError, LookupError):
    """A name that is in no table."""


class OptionError(MillwrightError, ValueError):
    """An option of the wrong type or out of its range."""


class FeatureError(MillwrightError, ValueError):
    """Values that are not what their Features declare."""


class ActionError(MillwrightError, ValueError):
    """An action that must not be executed."""


class ExpiredPlanError(ActionError):
    """A plan that is too old to be executed."""


class PromptError(MillwrightError, ValueError):
    """A click or a name that points at nothing."""


class NothingLeftError(PromptError):
    """Nothing is left to point at."""


class BundleError(MillwrightError):
    """A bundle that is incomplete, altered or does not fit."""


class DatasetError(MillwrightError):
    """A dataset of another layout, broken or not fitting."""


class RecordingError(MillwrightError):
    """A recording that could not go on; finished episodes are kept."""


class ResultError(MillwrightError):
    """A file that is not the result of an evaluation."""


class BudgetError(MillwrightError):
    """A real step beyond what may be taken, or a count of them that cannot be trusted."""


class RecipeError(MillwrightError):
    """A recipe that cannot be taken up in a folder, or lacks what it needs."""


class TrainingError(MillwrightError):
    """A training that cannot go on."""


class WorkerError(MillwrightError):
    """An episode that failed in a worker process."""


class ServiceError(MillwrightError):
    """A dashboard or server that cannot start."""


class RemoteError(ServiceError):
    """A server of policies that does not answer in time, or refuses."""


class AwayError(RemoteError):
    """A server that has gone, is starting or has forgotten who asks: whoever begins anew may be answered later."""


class MissingExtraError(MillwrightError, ImportError):
    """An optional dependency that is not installed."""


def choose(kind: str, name: object, table: Mapping[str, T]) -> T:
    """`table[name]`, or an error that lists the table and suggests the nearest name.

    Raises:
        UnknownNameError: `name` is not in `table`.
    """
    if isinstance(name, str) and name in table:
        return table[name]
    near = difflib.get_close_matches(str(name), table, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    kinds = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
    raise UnknownNameError(f"unknown {kind} {name!r}{hint} ({kinds}: {', '.join(table)})")


def import_extra(module: str, extra: str) -> ModuleType:
    """Import an optional dependency.

    Raises:
        MissingExtraError: it is not installed; the message gives the install command.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        command = f"pip install 'millwright[{extra}]'"
        raise MissingExtraError(f"{module} is not installed; install it with: {command}") from error
