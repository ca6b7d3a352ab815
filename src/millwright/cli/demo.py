"""The verb that opens the dashboard."""

from __future__ import annotations

from functools import partial

from millwright.cli.arguments import OptionalAddress, OptionalName, say
from millwright.core.errors import import_extra


def demo(
    host: str = "127.0.0.1",
    port: int = 8000,
    policy: OptionalName = None,
    allow_remote: bool = False,
    rerun: OptionalAddress = None,
    tray: bool = False,
) -> None:
    """The dashboard: click a brick, a policy picks it, and the page says whether it really did.

    Args:
        host: address to listen on.
        port: port to listen on; 0 takes a free one.
        policy: who drives first (`millwright list policies`); any can be chosen on the page.
        allow_remote: let other machines connect. Whoever reaches the port can drive.
        rerun: address of a Rerun viewer to stream every episode to; `rerun` starts one at 127.0.0.1:9876.
        tray: clear the table: bricks are put into a tray, and what is clicked meanwhile waits for its turn.
    """
    from millwright import catalog

    for module in ("fastapi", "uvicorn", "websockets"):
        import_extra(module, "dashboard")
    if rerun is not None:
        import_extra("rerun", "looking")
    from millwright.dashboard.server import serve_dashboard
    from millwright.dashboard.session import Session
    from millwright.dashboard.stage import Stage

    env, title = ("brick-clear", "Clear the table") if tray else ("brick-table", "Brick table")
    policies = {name: partial(catalog.make_policy, env, name) for name in catalog.list_policies(env)}
    stage = Stage(partial(catalog.make_env, env), partial(catalog.make_judge, env), policies, title, goes_on=tray)
    on_ready = partial(say, end="  (Ctrl-C ends it)\n")
    serve_dashboard(partial(Session, stage, policy), host, port, allow_remote, on_ready, rerun)
