"""Access: who may ask a server, and on which addresses it may listen without knowing that."""

from __future__ import annotations

import hashlib
import hmac
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from millwright.core.errors import ServiceError
from millwright.core.listening import is_loopback

log = logging.getLogger(__name__)
SHORTEST_TOKEN = 16
"""Characters."""
ANYBODY = "anybody"


@dataclass(frozen=True)
class Tls:
    """Files in PEM. With `ca` clients need a certificate that it signed: mutual TLS."""

    key: Path
    cert: Path
    ca: Path | None = None

    def read(self) -> tuple[bytes, bytes, bytes | None]:
        """Key, certificate and the clients' authority.

        Raises:
            ServiceError: a file cannot be read, or is not what it is taken for.
        """
        try:
            check_pem(self.key, self.cert, self.ca)
            return self.key.read_bytes(), self.cert.read_bytes(), self.ca.read_bytes() if self.ca else None
        except OSError as error:
            raise ServiceError(f"TLS needs {error.filename}, which cannot be read: {error.strerror}") from error


def check_pem(key: Path | None, cert: Path | None, ca: Path | None) -> None:
    """What gRPC does not tell: which file is wrong. Key and certificate come together.

    Raises:
        OSError: a file cannot be read.
        ServiceError: it is not what it is taken for.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for path in filter(None, (key, cert, ca)):
        path.open("rb").close()  # the errors of ssl name no file
    for path in filter(None, (cert, ca)):
        try:
            context.load_verify_locations(path)
        except ssl.SSLError as error:
            raise ServiceError(f"TLS: {path} holds no certificate in PEM: {error}") from error
    if key is None or cert is None:
        return
    try:
        context.load_cert_chain(cert, key, password="")  # nobody is asked for one at the terminal
    except ssl.SSLError as error:
        told = f"TLS: {key} is not the private key of {cert}, in PEM and without a password: {error}"
        raise ServiceError(told) from error


def is_sendable(token: str) -> bool:
    """Whether a header can hold it."""
    return token.isascii() and token.isprintable()


@dataclass(frozen=True)
class Access:
    """Tokens by their digest, and TLS; without either anybody who reaches the server may ask."""

    tokens: Mapping[bytes, str] = field(default_factory=dict)
    """sha256 of a token -> whose it is."""
    tls: Tls | None = None

    def identify(self, header: str | None, certified: str = "") -> str | None:
        """Whose call it is; None: nobody's that may ask.

        Args:
            header: the value of `authorization`.
            certified: the name in the client's certificate, which was verified.
        """
        if not self.tokens:
            return certified or ANYBODY
        scheme, _, token = (header or "").partition(" ")
        digest = hashlib.sha256(token.encode()).digest()
        # each is compared, and in constant time: how long it takes tells nothing
        found = [name for known, name in self.tokens.items() if hmac.compare_digest(known, digest)]
        return found[0] if found and scheme.lower() == "bearer" else None


def name_certificate(common_name: bytes, pem: bytes) -> str:
    """What the owner of a verified certificate is called: two without a common name are not the same client.

    Args:
        common_name: of the certificate's subject; may be empty.
        pem: the certificate; empty: there is none, and so no name.
    """
    if common_name or not pem:
        return common_name.decode(errors="replace")
    return f"sha256:{hashlib.sha256(pem).hexdigest()}"


def load_tokens(path: Path) -> dict[bytes, str]:
    """Read a file of tokens: a line each, NAME TOKEN; lines that begin with # are skipped.

    Raises:
        ServiceError: the file cannot be read, is empty, or a line is something else.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(f"tokens {path} cannot be read: {error}") from error
    tokens: dict[bytes, str] = {}
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or len(words[1]) < SHORTEST_TOKEN or not is_sendable(words[1]):
            meant = f"NAME TOKEN is meant, the token of ASCII and at least {SHORTEST_TOKEN} long"
            raise ServiceError(f"{path}, line {number}: {meant}")
        tokens[hashlib.sha256(words[1].encode()).digest()] = words[0]
    if not tokens:
        raise ServiceError(f"{path} holds no token; a line each, NAME TOKEN: `echo robot-1 $(openssl rand -hex 24)`")
    return tokens


def check_binding(host: str, access: Access) -> None:
    """Refuse to be reached by strangers.

    Raises:
        ServiceError: other machines could reach `host`, and anybody there could ask.
    """
    if is_loopback(host):
        return
    if not access.tokens and not (access.tls and access.tls.ca):
        raise ServiceError(
            f"{host} can be reached from other machines, and whoever reaches the server can ask: use --host 127.0.0.1, "
            "or --tls-key, --tls-cert and --tls-ca (mutual TLS), or --token-file"
        )
    if access.tls is None:
        log.warning("tokens and pictures can be read on the way to %s: add --tls-key and --tls-cert", host)
