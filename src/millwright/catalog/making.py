"""Making by name: environments, judges and policies, shipped bundles among them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.catalog.options import make_with_options
from millwright.catalog.task import USUAL
from millwright.catalog.tasks import TASKS
from millwright.core.episode import Episode
from millwright.core.errors import BundleError, OptionError, UnknownNameError, choose, import_extra
from millwright.core.judging import Judge
from millwright.core.planner import Planner
from millwright.core.policy import Policy
from millwright.policies.arrow_keys import HUMAN
from millwright.policies.playing import Playing

if TYPE_CHECKING:
    from millwright.serving.remote import RemotePlanner

SHIPPED = Path(__file__).parents[1] / "shipped"
"""Bundles that come with the package; each bears its recipe's name."""


def make_env(name: str, **options: Any) -> Any:
    """The environment of that name.

    Raises:
        UnknownNameError: no environment, or no option, of that name; lists those there are.
        OptionError: an option is of the wrong type or out of its range.
    """
    return make_with_options(name, choose("environment", name, TASKS).env, options)


def make_judge(env: str) -> Judge:
    """The judge of an environment's task."""
    return choose("environment", env, TASKS).judge()


def find_bundle(name: str) -> Path | None:
    """The folder of a bundle: a path, or the name of a shipped one; None when there is neither."""
    for folder in (Path(name), SHIPPED / name):
        if (folder / "manifest.json").is_file():
            return folder
    return None


def need_bundle(name: str) -> Path:
    """The folder of a bundle: a path, or the name of a shipped one. What is in the folder is not looked at.

    Raises:
        UnknownNameError: there is neither; lists those that are shipped.
    """
    folder = find_bundle(name) or Path(name)
    if not folder.is_dir():
        raise UnknownNameError(f"no bundle at {name}; shipped bundles: {', '.join(list_shipped()) or 'none'}")
    return folder


def list_shipped() -> tuple[str, ...]:
    """Names of the bundles that come with the package."""
    return tuple(sorted(folder.parent.name for folder in SHIPPED.glob("*/manifest.json")))


def list_policies(env: str) -> tuple[str, ...]:
    """Names that `make_policy` takes for an environment, besides those of gamers and paths of bundles."""
    task = choose("environment", env, TASKS)
    manifests = {name: json.loads((SHIPPED / name / "manifest.json").read_text()) for name in list_shipped()}
    ours = [name for name, manifest in manifests.items() if manifest["env"] == env]
    return (*ours, *task.experts, *task.rules, *task.baselines)


def make_policy(
    env: str,
    name: str,
    playing: Playing = USUAL,
    control_hz: float | None = None,
    answer_s: float | None = None,
    digest: str = "",
) -> Policy:
    """A policy by name: an expert, a baseline, a gamer, a shipped bundle, the path of a bundle, or grpc://HOST:PORT.

    Args:
        playing: how a bundle's chunks are played; the others have none.
        control_hz: of the environment it is to act in, where an option has changed that.
        answer_s: after so long a server has not answered; until then the policy plays on, and a tick waits for no
            longer than it lasts. None: whoever drives waits for the server.
        digest: of the bundle that a server is meant to have; empty: whichever it has.

    Raises:
        UnknownNameError: none of these.
        OptionError: another way to play chunks, for a policy that has none.
        BundleError: the bundle is damaged, or was made for another environment.
        RemoteError: the server does not answer, or has another bundle.
    """
    task = choose("environment", env, TASKS)
    if is_remote(name):
        planner = connect(name, digest)
        if answer_s is None:
            return _play(env, planner, planner.env, name, name, playing)
        planner.hurry(answer_s)
        return _play(env, planner, planner.env, name, name, playing, 1 / planner.rate_hz)
    if name == HUMAN and task.driven:
        raise OptionError(
            f"{HUMAN} drives by the arrow keys of a page, in real time: "
            f"millwright dashboard --env {env} --policy {HUMAN}, or millwright record {env} --policy {HUMAN}"
        )
    if name in task.policies:
        if playing != USUAL:
            asked = ", ".join(f"{option}={value}" for option, value in playing.describe().items())
            raise OptionError(f"{name} plays no chunks, so {asked} means nothing; it is for bundles")
        return task.policies[name](control_hz or task.control_hz)
    folder = find_bundle(name)
    if folder is None and not Path(name).is_dir():
        if Path(name).name != name:
            names = ", ".join(list_policies(env))
            raise UnknownNameError(
                f"no bundle at {name}, which is no folder; policies by name: {names}; of a server: grpc://HOST:PORT"
            )
        choose("policy", name, dict.fromkeys((*list_policies(env), *task.gamers)))
    return make_bundle_policy(env, folder or Path(name), playing)


def is_remote(name: str) -> bool:
    """Whether a policy is asked for by the address of a server."""
    return name.startswith(("grpc://", "grpcs://"))


def connect(address: str, digest: str = "") -> RemotePlanner:
    """The planner that a server has; with a digest, no other.

    Raises:
        MissingExtraError: gRPC is not installed.
        OptionError: the address cannot be read.
        RemoteError: the server does not answer, or has another bundle.
    """
    for module in ("grpc", "google.protobuf"):
        import_extra(module, "serving")
    from millwright.serving.remote import RemotePlanner

    return RemotePlanner(address, digest=digest)


def make_bundle_policy(env: str, folder: Path, playing: Playing = USUAL) -> Policy:
    """The policy that plays a bundle's chunks on the robot it was made for.

    Raises:
        BundleError: the bundle is damaged, or was made for another environment.
    """
    from millwright.policies.loading import load_bundle

    bundle = load_bundle(folder)
    return _play(env, bundle.planner(threads=1), bundle.env, f"bundle {folder}", folder.name, playing)


def _play(
    env: str, planner: Planner, made_for: str, whose: str, name: str, playing: Playing, wait_s: float | None = None
) -> Policy:
    from millwright.policies.hand_targets import HandTargets

    if made_for != env:
        raise BundleError(f"{whose} was made for {made_for!r}, not for {env!r}; choose that one, or a bundle of {env}")
    player = playing.within(TASKS[env].playing).make_policy(planner, name, wait_s)
    return HandTargets(player) if planner.action.name == "hand_target" else player


def make_witness(env: str, name: str) -> Callable[[Episode], tuple[float, ...]] | None:
    """What tells how far an episode went from what its policy's world model dreamed; None of a policy without one.

    Raises:
        BundleError: as `make_policy`.
    """
    folder = None if is_remote(name) or name in TASKS[env].policies else find_bundle(name)
    if folder is None:
        return None
    from millwright.policies.folder import load_manifest

    manifest = load_manifest(folder)
    if manifest.network != "latent-controller" or "world_loss" not in manifest.lineage:  # that of a clone knows nothing
        return None
    from millwright.policies.bundle import load_bundle
    from millwright.policies.surprise import Witness

    return Witness(load_bundle(folder))
