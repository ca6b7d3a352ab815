"""The verb that serves policies to robots, and what every verb that serves has in common."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import OmitArgPrefixes, Positional, arg

from millwright.cli.arguments import OptionalInt, OptionalPath, say
from millwright.core.errors import OptionError, import_extra

if TYPE_CHECKING:
    from millwright.serving.access import Tls
    from millwright.serving.server import PolicyServer
    from millwright.serving.swap import Source

Bundles = Annotated[Positional[tuple[str, ...]], arg(metavar="BUNDLE [BUNDLE ...]")]
NAME = re.compile(r"[\w.-]+")
MOST_BATCH, MOST_THREADS = 1024, 256
"""Beyond these a server would warm up for ever, or crash where no more threads can be had."""
MODULES = ("grpc", "google.protobuf", "grpc_health.v1", "grpc_reflection.v1alpha", "prometheus_client")


@dataclass(frozen=True)
class Door:
    """Where and to whom policies are served. Other machines are let in only with mutual TLS or tokens.

    Args:
        host: address to listen on.
        port: port of gRPC; 0 takes a free one.
        http_port: port of the HTTP twin and of /metrics; 0 takes a free one. Without it there is none.
        tls_key: private key of the server, PEM.
        tls_cert: its certificate, PEM.
        tls_ca: clients need a certificate that this one signed, PEM.
        token_file: clients need one of these tokens: a line each, NAME TOKEN.
        max_batch: robots planned for in one call; 1 keeps each robot's chunks free of the others, to the last bit.
        threads: of a call of a policy.
        production: no reflection, and no /openapi.json.
    """

    host: str = "127.0.0.1"
    port: int = 50051
    http_port: OptionalInt = None
    tls_key: OptionalPath = None
    tls_cert: OptionalPath = None
    tls_ca: OptionalPath = None
    token_file: OptionalPath = None
    max_batch: int = 32
    threads: int = 1
    production: bool = False


AtDoor = Annotated[Door, OmitArgPrefixes]


def serve(bundles: Bundles, door: AtDoor = Door(), unaccepted: bool = False) -> None:
    """Serve bundles until SIGTERM or Ctrl-C, which let those under way finish. Clients choose among these by name.

    SIGHUP looks at each bundle again: what has changed is checked, and served from then on without a dropped call.
    Other machines are let in only with mutual TLS or tokens.

    Args:
        bundles: shipped bundles by name, or paths, or NAME=PATH; a client that names none gets the first.
        door: where, and to whom.
        unaccepted: take exports too that no trial found to be as good as what they were made of.
    """
    check_door(door)
    if not bundles:
        raise OptionError("name at least one bundle to serve, `millwright serve brick-pick` for example")
    serve_at(door, [_find(word, door.threads, unaccepted) for word in bundles])


def check_door(door: Door) -> None:
    """Before anything is loaded.

    Raises:
        MissingExtraError: what a server needs is not installed.
        OptionError: a number out of its range.
    """
    for module in (*MODULES, *(("fastapi", "uvicorn") if door.http_port is not None else ())):
        import_extra(module, "serving")
    for option, most, given in (("--max-batch", MOST_BATCH, door.max_batch), ("--threads", MOST_THREADS, door.threads)):
        if not 1 <= given <= most:
            raise OptionError(f"{option} is 1 to {most}, got {given}")


def serve_at(door: Door, sources: Sequence[Source]) -> None:
    """Serve what lies there until this process is told to end. SIGHUP looks at each again, once all are served.

    Raises:
        ServiceError: the door cannot be opened so.
        BundleError: a policy cannot be loaded, or fails its golden check.
    """
    from millwright.serving.signals import Signals
    from millwright.serving.swap import renew

    with Signals() as signals, _open(door, sources) as server:
        scheme = "grpcs" if door.tls_key else "grpc"
        addresses = (f"{scheme}://{server.addresses.grpc}", server.addresses.http)
        say(f"{', '.join(one.name for one in sources)}: {' and '.join(filter(None, addresses))}  (Ctrl-C ends it)")
        signals.wait(lambda: renew(server, sources))
        say("finishing what is under way")


def _open(door: Door, sources: Sequence[Source]) -> PolicyServer:
    from millwright.serving.access import Access, load_tokens
    from millwright.serving.engine import Caps
    from millwright.serving.server import PolicyServer, Setup

    tls = _read_tls(door.tls_key, door.tls_cert, door.tls_ca)
    access = Access(load_tokens(door.token_file) if door.token_file else {}, tls)
    served = [source.load() for source in sources]
    setup = Setup(served, door.host, door.port, door.http_port, access, Caps(max_batch=door.max_batch), door.production)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("millwright").setLevel(logging.INFO)
    return PolicyServer(setup)


def _find(word: str, threads: int, unaccepted: bool) -> Source:
    """Where a bundle of the command line lies, now and whenever it is looked at again."""
    from millwright.catalog import find_bundle, need_bundle
    from millwright.policies.folder import load_manifest, read_content
    from millwright.policies.golden import load_outputs
    from millwright.policies.loading import load_bundle
    from millwright.serving.engine import Served
    from millwright.serving.swap import Source

    given, path = split_name(word, find_bundle(word) is not None)
    folder = need_bundle(path)
    name = given or folder.resolve().name

    def load() -> Served:
        bundle = load_bundle(folder, accepted=not unaccepted)
        return Served(name, bundle.planner(threads), bundle.env, load_outputs(folder))

    def identify() -> str:
        manifest = load_manifest(folder)
        read_content(folder, manifest)  # of a damaged bundle the manifest may still be whole
        return manifest.id

    return Source(name, identify, load)


def split_name(word: str, is_path: bool) -> tuple[str, str]:
    """NAME, "" without one, and PATH of `NAME=PATH`.

    Args:
        is_path: the whole word is one: it may hold = signs.

    Raises:
        OptionError: the name is none.
    """
    given, equals, path = ("", "", word) if is_path else word.rpartition("=")
    if equals and not NAME.fullmatch(given):
        raise OptionError(f"{given!r} is no name for what is served: letters, digits, dots, dashes, NAME=PATH")
    return given, path


def _read_tls(key: Path | None, cert: Path | None, ca: Path | None) -> Tls | None:
    from millwright.serving.access import Tls

    if key is None and cert is None and ca is None:
        return None
    if key is None or cert is None:
        raise OptionError("TLS needs --tls-key and --tls-cert; --tls-ca asks clients for a certificate too")
    return Tls(key, cert, ca)
