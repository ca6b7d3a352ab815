"""Files and folders that appear whole or not at all, whenever the process or the machine stops."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from millwright.core.errors import DatasetError
from millwright.datasets import layout


def write_durably(path: Path, content: bytes | memoryview) -> None:
    """Write a file and wait until the disk has it. Not atomic: publish its folder afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def replace_text(path: Path, text: str) -> None:
    """Write a file whole, or leave what is there.

    Raises:
        DatasetError: the disk is full.
    """
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        draft.write_text(text, "utf-8")
        draft.replace(path)
    except OSError as error:
        if not is_full(error):
            raise
        raise DatasetError(f"the disk is full: {path} is not written") from error
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in `folder`."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_tree(folder: Path) -> None:
    """Wait until the disk has the names in `folder` and in all folders below."""
    for below, _, _ in os.walk(folder):
        sync_folder(Path(below))


def publish(temporary: Path, final: Path) -> None:
    """Give a finished file or folder its name, in one step that lasts."""
    temporary.rename(final)
    sync_folder(final.parent)


def discard(folder: Path) -> None:
    """Remove a folder; it is never seen under its name with half its content."""
    trash = folder.with_name(f".discarded-{folder.name}")
    shutil.rmtree(trash, ignore_errors=True)
    folder.rename(trash)
    shutil.rmtree(trash)


def is_full(error: OSError) -> bool:
    """The error says that the disk, or the user's share of it, is full."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Hold the dataset's lock. The system releases it when the process dies.

    Raises:
        DatasetError: another process, or another recorder in this one, holds it.
    """
    with (root / layout.LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatasetError(f"{root} is being recorded by another process; wait until it ends") from None
        yield
