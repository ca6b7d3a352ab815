"""A stand-in for Hugging Face on this machine: as much of its interface as pushing and downloading datasets need."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "hf_of_a_test"


@dataclass
class Repository:
    """What the server keeps of one."""

    private: bool = False
    commits: list[dict[str, bytes]] = field(default_factory=lambda: [{}])
    """Path -> content, a commit after the other."""
    tags: dict[str, int] = field(default_factory=dict)

    def find(self, revision: str) -> int:
        """Number of a commit by branch, tag or hash; -1 for none."""
        known = {"main": len(self.commits) - 1, **self.tags}
        hashes = {make_hash(number): number for number in range(len(self.commits))}
        return known.get(revision, hashes.get(revision, -1))


def make_hash(number: int) -> str:
    return hashlib.sha1(str(number).encode()).hexdigest()


@dataclass
class Hub:
    """The server's content, and what happened to it."""

    url: str = ""
    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    """Large files that were uploaded, by sha256."""
    requests: list[str] = field(default_factory=list)
    refuse: Callable[[str], bool] = lambda request: False
    """Which requests are answered with 500."""


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def _handle(self) -> None:
        path, body = self.path.split("?")[0], self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = f"{self.command} {path}"
        self.hub.requests.append(request)
        if self.hub.refuse(request):
            self._answer(500, {"error": "out of order"})
            return
        for pattern, method in _ROUTES.items():
            match = re.fullmatch(pattern, request)
            if match:
                method(self, *match.groups(), body)
                return
        self._answer(404, {"error": f"nothing at {request}"})

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815 - names of the base class's

    def _answer(self, status: int, content: Any, **headers: str) -> None:
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def _find(self, name: str, revision: str = "main") -> dict[str, bytes] | None:
        """A commit's files; answers itself where there is none, or none for who asks."""
        repository = self.hub.repositories.get(name)
        allowed = repository and (not repository.private or self.headers.get("Authorization") == f"Bearer {TOKEN}")
        if not allowed:
            self._answer(401, {"error": "Repository not found"}, X_Error_Code="RepoNotFound")
            return None
        number = repository.find(revision)
        if number < 0:
            self._answer(404, {"error": "Revision not found"}, X_Error_Code="RevisionNotFound")
            return None
        self.commit = make_hash(number)
        return repository.commits[number]

    def _info(self, name: str, revision: str | None, body: bytes) -> None:
        files = self._find(name, revision or "main")
        if files is not None:
            self._answer(200, {"id": name, "sha": self.commit, "siblings": [{"rfilename": path} for path in files]})

    def _tree(self, name: str, revision: str, body: bytes) -> None:
        files = self._find(name, revision)
        if files is not None:
            rows = [{"type": "file", "path": path, "size": len(files[path]), "oid": "0" * 40} for path in files]
            self._answer(200, rows)

    def _resolve(self, name: str, revision: str, path: str, body: bytes) -> None:
        files = self._find(name, revision)
        if files is not None:
            if path not in files:
                self._answer(404, {"error": "Entry not found"}, X_Error_Code="EntryNotFound")
                return
            etag = hashlib.sha256(files[path]).hexdigest()
            self._answer(200, files[path], ETag=f'"{etag}"', X_Repo_Commit=self.commit)

    def _create(self, body: bytes) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, {"error": "Invalid token"})
            return
        row = json.loads(body)
        name = f"{row['organization']}/{row['name']}"
        status = 409 if name in self.hub.repositories else 200
        self.hub.repositories.setdefault(
            name, Repository(row.get("visibility") == "private" or row.get("private", False))
        )
        self._answer(status, {"url": f"{self.hub.url}/datasets/{name}", "name": name})

    def _preupload(self, name: str, body: bytes) -> None:
        def choose_mode(path: str) -> str:
            return "lfs" if path.endswith((".parquet", ".mp4")) else "regular"

        rows = json.loads(body)["files"]
        answers = [{"path": row["path"], "uploadMode": choose_mode(row["path"]), "shouldIgnore": False} for row in rows]
        self._answer(200, {"files": answers})

    def _batch(self, name: str, body: bytes) -> None:
        rows = []
        for row in json.loads(body)["objects"]:
            upload = {"upload": {"href": f"{self.hub.url}/objects/{row['oid']}"}}
            rows.append({**row, **({} if row["oid"] in self.hub.objects else {"actions": upload})})
        self._answer(200, {"transfer": "basic", "objects": rows})

    def _put(self, oid: str, body: bytes) -> None:
        assert hashlib.sha256(body).hexdigest() == oid
        self.hub.objects[oid] = body
        self._answer(200, {})

    def _commit(self, name: str, body: bytes) -> None:
        repository = self.hub.repositories[name]
        files = dict(repository.commits[-1])
        for line in body.splitlines():
            row = json.loads(line)
            value = row["value"]
            if row["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif row["key"] == "lfsFile":
                files[value["path"]] = self.hub.objects[value["oid"]]
            elif row["key"] == "deletedFile":
                del files[value["path"]]
        repository.commits.append(files)
        oid = make_hash(len(repository.commits) - 1)
        url = f"{self.hub.url}/datasets/{name}/commit/{oid}"
        self._answer(200, {"success": True, "commitOid": oid, "commitUrl": url})

    def _tag(self, name: str, revision: str, body: bytes) -> None:
        repository = self.hub.repositories[name]
        repository.tags[json.loads(body)["tag"]] = repository.find(revision)
        self._answer(200, {})

    def _untag(self, name: str, tag: str, body: bytes) -> None:
        found = self.hub.repositories[name].tags.pop(tag, None)
        self._answer(404 if found is None else 200, {"error": "no such tag"})

    def _agree(self, body: bytes) -> None:
        self._answer(200, {"errors": [], "warnings": []})


_NAME = "([^/]+/[^/]+)"
_ROUTES: dict[str, Callable[..., None]] = {
    rf"GET /api/datasets/{_NAME}(?:/revision/(.+))?": _Handler._info,
    rf"GET /api/datasets/{_NAME}/tree/([^/]+)": _Handler._tree,
    rf"(?:GET|HEAD) /datasets/{_NAME}/resolve/([^/]+)/(.+)": _Handler._resolve,
    "POST /api/repos/create": _Handler._create,
    "POST /api/validate-yaml": _Handler._agree,
    rf"POST /api/datasets/{_NAME}/preupload/main": _Handler._preupload,
    rf"POST /datasets/{_NAME}\.git/info/lfs/objects/batch": _Handler._batch,
    "PUT /objects/(.+)": _Handler._put,
    rf"POST /api/datasets/{_NAME}/commit/main": _Handler._commit,
    rf"POST /api/datasets/{_NAME}/tag/(.+)": _Handler._tag,
    rf"DELETE /api/datasets/{_NAME}/tag/(.+)": _Handler._untag,
}


@contextmanager
def serve() -> Iterator[Hub]:
    """A hub at a free port of this machine."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
