"""The verb that serves policies to robots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from millwright.cli.arguments import OptionalInt, OptionalPath, say
from millwright.core.errors import OptionError, UnknownNameError, import_extra

if TYPE_CHECKING:
    from millwright.serving.access import Tls
    from millwright.serving.engine import Served

Bundles = Annotated[Positional[tuple[str, ...]], arg(metavar="BUNDLE [BUNDLE ...]")]
MODULES = ("grpc", "google.protobuf", "grpc_health.v1", "grpc_reflection.v1alpha", "prometheus_client")


def serve(
    bundles: Bundles,
    host: str = "127.0.0.1",
    port: int = 50051,
    http_port: OptionalInt = None,
    tls_key: OptionalPath = None,
    tls_cert: OptionalPath = None,
    tls_ca: OptionalPath = None,
    token_file: OptionalPath = None,
    max_batch: int = 32,
    threads: int = 1,
    production: bool = False,
) -> None:
    """Serve bundles until SIGTERM or Ctrl-C, which let those under way finish. Clients choose among these by name.

    Other machines are let in only with mutual TLS or tokens.

    Args:
        bundles: shipped bundles by name, or paths; a client that names none gets the first.
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
    for module in (*MODULES, *(("fastapi", "uvicorn") if http_port is not None else ())):
        import_extra(module, "serving")
    from millwright.serving.access import Access, load_tokens
    from millwright.serving.engine import Caps
    from millwright.serving.server import PolicyServer, Setup, wait_for_signal

    if not bundles:
        raise OptionError("name at least one bundle to serve, `millwright serve brick-pick` for example")
    if max_batch < 1 or threads < 1:
        raise OptionError(f"--max-batch and --threads are at least 1, got {max_batch} and {threads}")
    access = Access(load_tokens(token_file) if token_file else {}, _read_tls(tls_key, tls_cert, tls_ca))
    served = tuple(_load(name, threads) for name in bundles)
    setup = Setup(served, host, port, http_port, access, Caps(max_batch=max_batch), production)
    with PolicyServer(setup) as server:
        scheme = "grpcs" if access.tls else "grpc"
        addresses = (f"{scheme}://{server.addresses.grpc}", server.addresses.http)
        say(f"{', '.join(one.name for one in served)}: {' and '.join(filter(None, addresses))}  (Ctrl-C ends it)")
        wait_for_signal()
        say("finishing what is under way")


def _load(name: str, threads: int) -> Served:
    from millwright.catalog import find_bundle, list_shipped
    from millwright.policies.bundle import load_bundle
    from millwright.serving.engine import Served

    folder = find_bundle(name)
    if folder is None:
        raise UnknownNameError(f"no bundle at {name}; shipped bundles: {', '.join(list_shipped()) or 'none'}")
    bundle = load_bundle(folder)
    return Served(folder.resolve().name, bundle.planner(threads), bundle.env)


def _read_tls(key: Path | None, cert: Path | None, ca: Path | None) -> Tls | None:
    from millwright.serving.access import Tls

    if key is None and cert is None and ca is None:
        return None
    if key is None or cert is None:
        raise OptionError("TLS needs --tls-key and --tls-cert; --tls-ca asks clients for a certificate too")
    return Tls(key, cert, ca)
