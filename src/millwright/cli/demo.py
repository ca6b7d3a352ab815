"""The verbs that open the dashboard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millwright.cli.arguments import Given, OptionalAddress, OptionalInt, OptionalName, say
from millwright.cli.metrics import serve_metrics
from millwright.core.errors import BundleError, OptionError, choose, import_extra

if TYPE_CHECKING:
    from millwright.core.policy import Policy
    from millwright.dashboard.stage import Stage
    from millwright.serving.robot_metrics import RobotMetrics

GOES_ON = ("brick-clear",)
"""Environments in which one pick goes on from where the last one ended."""
TITLES = {"brick-clear": "Clear the table", "lift-choice": "Lift by instruction", "car-racing": "Drive a lap"}
"""What the page calls an environment, where that is not just its name."""


def demo(
    host: str = "127.0.0.1",
    port: int = 8000,
    policy: OptionalName = None,
    allow_remote: bool = False,
    rerun: OptionalAddress = None,
    metrics_port: OptionalInt = None,
    tray: bool = False,
) -> None:
    """The dashboard: click a brick, a policy picks it, and the page says whether it really did.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        policy: who drives first (`millwright list policies`); any can be chosen on the page.
        allow_remote: let other machines connect. Whoever reaches the port can drive.
        rerun: address of a Rerun viewer to stream every episode to; `rerun` starts one at 127.0.0.1:9876.
        metrics_port: port at which Prometheus reads what policies do, on this machine; 0 takes a free one.
        tray: clear the table: bricks are put into a tray, and what is clicked meanwhile waits for its turn.
    """
    _open("brick-clear" if tray else "brick-table", policy, {}, host, port, allow_remote, rerun, metrics_port)


def dashboard(
    env: OptionalName = None,
    policy: OptionalName = None,
    host: str = "127.0.0.1",
    port: int = 8000,
    allow_remote: bool = False,
    rerun: OptionalAddress = None,
    metrics_port: OptionalInt = None,
    *,
    call: Given,
) -> None:
    """The same dashboard for any environment and any bundle: bricks are clicked, lifting is asked for in words.

    Options of the environment follow as --env.NAME VALUE, for example --env.words unseen; a wrong NAME lists them.

    Args:
        env: the environment (`millwright list envs`); without it the one that the bundle was made for, or brick-table.
        policy: who drives first: expert, nothing, a shipped policy, the path of a bundle, or grpc://HOST:PORT[/BUNDLE].
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        allow_remote: let other machines connect. Whoever reaches the port can drive.
        rerun: address of a Rerun viewer to stream every episode to; `rerun` starts one at 127.0.0.1:9876.
        metrics_port: port at which Prometheus reads what policies do, on this machine; 0 takes a free one.
    """
    _open(env or find_env(policy), policy, call.env_options, host, port, allow_remote, rerun, metrics_port)


def find_env(policy: str | None) -> str:
    """The environment that a bundle was made for; of any other policy, the brick table."""
    from millwright import catalog
    from millwright.catalog.making import connect, is_remote
    from millwright.policies.folder import load_manifest

    if policy and is_remote(policy):
        return connect(policy).env
    folder = catalog.find_bundle(policy) if policy else None
    return load_manifest(folder).env if folder else "brick-table"


def _open(
    env: str, policy: str | None, env_options: Mapping[str, Any],
    host: str, port: int, allow_remote: bool, rerun: str | None, metrics_port: int | None,
) -> None:  # fmt: skip
    need_dashboard()
    if rerun is not None:
        import_extra("rerun", "looking")
    from millwright.dashboard.server import serve_dashboard
    from millwright.dashboard.session import Session

    on_ready = partial(say, end="  (Ctrl-C ends it)\n")
    with serve_metrics(metrics_port) as metrics:
        stage, first = make_stage(env, policy, env_options, metrics)
        if rerun is not None and stage.drive is not None:
            raise OptionError(f"{env} has no solids that --rerun could show; the page itself shows its pictures")
        serve_dashboard(partial(Session, stage, first), host, port, allow_remote, on_ready, rerun)


def need_dashboard() -> None:
    """Refuse, with the line that installs it, where the dashboard's extra is missing."""
    for module in ("fastapi", "uvicorn", "websockets"):
        import_extra(module, "dashboard")


def make_stage(
    env: str, policy: str | None, env_options: Mapping[str, Any], metrics: RobotMetrics | None = None
) -> tuple[Stage, str | None]:
    """What the dashboard shows, and the name there of who drives first.

    Args:
        metrics: where is counted what policies do that are no experts.

    Raises:
        UnknownNameError: no environment or policy of that name.
        BundleError: the bundle is damaged, or was made for another environment.
        RemoteError: the server does not answer.
    """
    from millwright import catalog
    from millwright.catalog.making import is_remote
    from millwright.dashboard.dreaming import Dreams
    from millwright.dashboard.stage import Drive, Stage
    from millwright.policies.arrow_keys import HUMAN, ArrowKeys, HeldKeys
    from millwright.policies.folder import load_manifest

    task = choose("environment", env, catalog.TASKS)
    control_hz = env_options.get("control_hz", task.control_hz)
    if task.driven and env_options:
        control_hz = catalog.make_env(env, **env_options).metadata["control_hz"]
    make_policy = partial(catalog.make_policy, env, control_hz=control_hz)
    if metrics is not None:
        make_policy = partial(_make_metered, make_policy, metrics, control_hz)
    names = catalog.list_policies(env)
    bundles = {name: catalog.SHIPPED / name for name in names if name not in task.policies}
    policies: dict[str, Callable[[], Policy]] = {name: partial(make_policy, name) for name in names}
    first = policy
    keys = HeldKeys()
    if task.driven:
        policies[HUMAN] = partial(ArrowKeys, control_hz, keys)
    if first is not None and first not in policies:
        folder = catalog.find_bundle(first)
        if folder is None:
            make_policy(first)  # a cheat, or an error that says what would have worked
        elif (made_for := load_manifest(folder).env) != env:
            raise BundleError(f"bundle {folder} was made for {made_for!r}, not for {env!r}: give --env {made_for}")
        else:
            first = _name_apart(folder, names)
            bundles = {first: folder, **bundles}
        policies = {first: partial(make_policy, policy), **policies}
    drive = Drive(keys, Dreams(bundles)) if task.driven else None
    title = TITLES.get(env, env.replace("-", " ").capitalize())
    make_env, make_judge = partial(catalog.make_env, env, **env_options), partial(catalog.make_judge, env)
    server = policy if policy and is_remote(policy) else None
    goes_on, by_words = env in GOES_ON, task.by_words
    return Stage(make_env, make_judge, policies, title, goes_on, by_words, bundles, server, drive=drive), first


def _make_metered(make: Callable[..., Policy], metrics: RobotMetrics, control_hz: float, name: str) -> Policy:
    from millwright.catalog import meter
    from millwright.core.policy import Privileged

    policy = make(name)
    return policy if isinstance(policy, Privileged) else meter(policy, metrics, control_hz, in_real_time=True)


def _name_apart(folder: Path, taken: Collection[str]) -> str:
    """What to call a bundle: its folder's name; where that is taken, with the folder around it, and never a path."""
    name, around = folder.resolve().name, folder.resolve().parent.name
    return f"{name} ({around or 'yours'})" if name in taken else name
