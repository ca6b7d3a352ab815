"""Datasets in the LeRobot layout on Hugging Face: downloaded when asked for, file by file, so that it can go on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from millwright.core.errors import DatasetError, OptionError, import_extra
from millwright.datasets import layout
from millwright.datasets.durable import publish, write_durably
from millwright.datasets.folder import Folder, open_folder
from millwright.datasets.importing.lerobot import import_folder, refuse_told
from millwright.datasets.importing.source import Wishes
from millwright.datasets.lineage import LINEAGE, Lineage, Source, compute_content_digest
from millwright.datasets.metadata import load_info
from millwright.datasets.writing import check_new

SCHEME = "hf://"
_NAME = re.compile(r"(?:hf://)?(?:datasets/)?([\w.-]+/[\w.-]+?)(?:@([\w./-]+))?/?")
_NO_NAME = re.compile(r"(^|/)[.-]|[.-](/|$)|--|\.\.|\.git$")
"""What Hugging Face does not allow in one."""
_WHOLE = ("data/*", "meta/*", "videos/*", "README.md", "LICENSE*")
_MARK = ".source.json"
"""In a download in the making: of what it is one."""


def parse_name(text: str) -> tuple[str, str | None]:
    """`owner/name`, with or without `hf://` before and `@revision` behind: repository, revision.

    Raises:
        OptionError: it is none.
    """
    match = _NAME.fullmatch(text)
    if match is None or _NO_NAME.search(match[1]):
        raise OptionError(f"{text!r} is no repository; {SCHEME}owner/name or {SCHEME}owner/name@revision is meant")
    return match[1], match[2]


def download(
    text: str, out: Path, wishes: Wishes, endpoint: str | None = None, say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Download a dataset, or some of its episodes, into the new folder `out`.

    What an earlier call got before it stopped lies beside `out` and is not downloaded again.

    Args:
        text: the repository, see `parse_name`; a branch, tag or commit may follow.
        wishes: may leave episodes and features out; then only the files of these episodes are downloaded.
        endpoint: of a server other than Hugging Face's.
        say: told what is being done.

    Returns:
        Sentences about what was downloaded.

    Raises:
        DatasetError: no such dataset, none in the LeRobot v3.0 layout, too little space, or `out` is there.
        OptionError: no name of a repository, or the wishes ask for what the dataset says itself.
        MissingExtraError: huggingface_hub is not installed.
    """
    out = out.resolve()
    check_new(out)
    refuse_told(wishes)
    repository, revision = parse_name(text)
    hub: Any = import_extra("huggingface_hub", "hub")
    with reporting(f"{SCHEME}{repository}"):
        api = hub.HfApi(endpoint=endpoint)
        commit = api.dataset_info(repository, revision=revision).sha
        tree = api.list_repo_tree(repository, recursive=True, revision=commit, repo_type="dataset")
        sizes = {item.path: item.size for item in tree if hasattr(item, "size")}
        partial = _open_partial(out, repository, commit)
        _Fetch(api, repository, commit, sizes, partial, say).run(wishes)
    name = f"{SCHEME}{repository}@{commit}"
    if wishes.narrows:
        notes = import_folder(partial, out, wishes, name)
        shutil.rmtree(partial)
        return [*notes, f"{name}: only the files of these episodes were downloaded"]
    _finish(partial, out, name)
    return [f"{name}: files as they are there; millwright dataset validate {out} says whether they are sound"]


class _Fetch:
    """Downloads what is needed of one commit: the metadata first, which say what else."""

    def __init__(
        self, api: Any, repository: str, commit: str, sizes: dict[str, int], partial: Path, say: Callable[[str], None]
    ) -> None:
        self._api, self._repository, self._commit = api, repository, commit
        self._sizes, self._partial, self._say = sizes, partial, say

    def run(self, wishes: Wishes) -> None:
        if layout.INFO in self._sizes:
            self._get([layout.INFO])
        try:
            load_info(self._partial)
        except DatasetError as error:
            shutil.rmtree(self._partial)
            raise DatasetError(f"{SCHEME}{self._repository}: {error}; another revision may be: @v3.0") from error
        wanted = [path for path in self._sizes if any(fnmatch(path, one) for one in _WHOLE) and ".." not in path]
        if wishes.narrows:
            self._get([path for path in wanted if path.startswith("meta/")])
            needed = _find_needed(open_folder(self._partial), wishes)
            wanted = [path for path in wanted if path in needed]
        self._get(wanted)

    def _get(self, paths: Sequence[str]) -> None:
        missing = [path for path in paths if not self._has(path)]
        need = sum(self._sizes[path] for path in missing)
        free = shutil.disk_usage(self._partial).free
        if need > free:
            advice = "--episodes 0:10 takes some of the episodes"
            raise DatasetError(f"{need / 1e9:.1f} GB are needed and {free / 1e9:.1f} GB are free; {advice}")
        if len(missing) > 1:
            kept = f", {len(paths) - len(missing)} are here already" if len(missing) < len(paths) else ""
            self._say(f"downloading {len(missing)} files, {need / 1e6:.1f} MB{kept}")
        for path in missing:
            self._api.hf_hub_download(
                self._repository, path, repo_type="dataset", revision=self._commit, local_dir=self._partial
            )

    def _has(self, path: str) -> bool:
        """A file is moved to its name when it is complete, and all are of one commit."""
        file = self._partial / path
        return file.exists() and file.stat().st_size == self._sizes[path]


def _find_needed(folder: Folder, wishes: Wishes) -> set[str]:
    """Files that hold a frame of an episode that is wanted."""
    entries = [entry for entry in folder.entries if wishes.wants(entry.position)]
    videos = {
        span.place.path(layout.VIDEO, camera)
        for entry in entries
        for camera, span in entry.spans.items()
        if camera not in wishes.left_out
    }
    return {entry.data.path(layout.DATA) for entry in entries} | videos


def _open_partial(out: Path, repository: str, commit: str) -> Path:
    """The folder beside `out` for a download in the making; one of another commit is begun anew."""
    partial = out.with_name(f".{out.name}.download")
    told = json.dumps({"repository": repository, "commit": commit})
    mark = partial / _MARK
    if partial.exists() and not (mark.exists() and mark.read_text() == told):
        shutil.rmtree(partial)
    if not partial.exists():
        partial.mkdir(parents=True)
        write_durably(mark, told.encode())
    return partial


def _finish(partial: Path, out: Path, name: str) -> None:
    """Make a complete download the dataset; its info.json says where it came from."""
    shutil.rmtree(partial / ".cache", ignore_errors=True)
    (partial / _MARK).unlink()
    info = load_info(partial)
    source = Source(name, compute_content_digest(partial), f"0:{info.get('total_episodes', 0)}", info.get(LINEAGE))
    lineage = Lineage("import", (source,), {"kind": "lerobot"})
    write_durably(partial / layout.INFO, json.dumps({**info, LINEAGE: lineage.to_json()}, indent=2).encode())
    if out.exists():
        out.rmdir()
    publish(partial, out)


@contextmanager
def reporting(name: str) -> Iterator[None]:
    """Turn what the hub answers into one sentence.

    Raises:
        DatasetError: it refused, was not reached, or broke off.
    """
    errors: Any = import_extra("huggingface_hub.errors", "hub")
    again = "; the same command goes on where it stopped"
    try:
        yield
    except errors.GatedRepoError as error:
        raise DatasetError(f"{name} is gated: ask for access on its page, then log in: hf auth login") from error
    except errors.RepositoryNotFoundError as error:
        raise DatasetError(f"{name}: no such dataset, or a private one; then log in: hf auth login") from error
    except errors.RevisionNotFoundError as error:
        raise DatasetError(f"{name} has no such revision; without @revision it is the branch main") from error
    except errors.HfHubHTTPError as error:
        raise DatasetError(f"{name}: the server answered {str(error).splitlines()[0]}{again}") from error
    except errors.HFValidationError as error:
        raise DatasetError(f"{name} is no name for Hugging Face: {str(error).splitlines()[0]}") from error
    except (errors.HTTPError, errors.LocalEntryNotFoundError) as error:
        raise DatasetError(f"{name} cannot be reached ({str(error).splitlines()[0]}){again}") from error
