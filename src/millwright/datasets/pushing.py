"""push: a dataset to Hugging Face in one commit, so that nobody ever sees half of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from millwright.core.errors import DatasetError, OptionError, import_extra
from millwright.datasets import layout
from millwright.datasets.card import MADE, make_card
from millwright.datasets.editing import open_finished
from millwright.datasets.importing.hub import parse_name, reporting
from millwright.datasets.validation import validate

_PARTS = ("data", "meta", "videos")
_CARD = "README.md"
_HARMLESS = {_CARD, ".gitattributes", "LICENSE"}
"""What a repository that was just made may hold."""


def push(
    root: Path, name: str, *, public: bool = False, license: str = "", force: bool = False, endpoint: str | None = None
) -> str:
    """Upload a dataset with its card, as the new state of a repository, and tag it as LeRobot looks for it.

    A card that somebody wrote stays: README.md of the folder, else the repository's own. Files
    of an earlier state that are not in the dataset any more are removed in the same commit; files that are there
    already are not uploaded again, so a push that broke off goes on when it is called again.

    Args:
        name: `owner/name`; made if missing.
        public: whether everybody sees a repository that is made.
        license: its identifier on Hugging Face, `cc-by-4.0` for example, for the card.
        force: push also what `validate` finds errors in, and to a repository that holds something else.
        endpoint: of a server other than Hugging Face's.

    Returns:
        Address of the commit.

    Raises:
        DatasetError: no dataset, one with errors, no token, the repository holds something else, or the server refused.
        OptionError: `name` is none, or a license is told beside a card that somebody wrote.
        MissingExtraError: huggingface_hub is not installed.
    """
    repository, revision = parse_name(name)
    if revision is not None:
        raise OptionError(f"{name}: a push makes a new state of the branch main; leave @{revision} out")
    folder = open_finished(root)
    own = root / _CARD
    if license and own.exists():
        raise _make_license_error(own)
    errors = [finding for finding in validate(root, look=False) if finding.severity == "error"]
    if errors and not force:
        told = f"{root} has {len(errors)} errors, the first: {errors[0]}"
        raise DatasetError(f"{told}. See millwright dataset validate {root}; --force pushes it as it is")
    hub: Any = import_extra("huggingface_hub", "hub")
    token = hub.get_token()
    if token is None:
        raise DatasetError(
            "no token: make one that may write on https://huggingface.co/settings/tokens, "
            "then log in with `hf auth login`, or put it into the environment variable HF_TOKEN"
        )
    with reporting(repository):
        api = hub.HfApi(endpoint=endpoint, token=token)
        api.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
        there = set(api.list_repo_files(repository, repo_type="dataset"))
        if layout.INFO not in there and not force:
            _refuse_other(repository, there)
        card: str | None = make_card(folder, repository, license)
        if own.exists():
            card = own.read_text()
        elif _CARD in there and MADE not in _read_card(api, repository):
            if license:
                raise _make_license_error(f"{_CARD} of {repository}")
            card = None
        operations = _make_operations(hub, root, card, there)
        message = f"{len(folder.entries)} episodes, {sum(entry.length for entry in folder.entries)} frames"
        commit = api.create_commit(repository, operations, commit_message=message, repo_type="dataset")
        _move_tag(api, repository, commit.oid)
    return str(commit.commit_url)


def _refuse_other(repository: str, there: set[str]) -> None:
    """A repository without a LeRobot dataset is somebody's, whose files a push would remove or mix with its own.

    Raises:
        DatasetError: it holds more than a card.
    """
    other = sorted(there - _HARMLESS)
    if other:
        told = f"{repository} holds {len(other)} files but no LeRobot dataset, {other[0]} among them"
        raise DatasetError(f"{told}; give another name, or --force, which removes what is in {', '.join(_PARTS)}")


def _read_card(api: Any, repository: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = api.hf_hub_download(repository, _CARD, repo_type="dataset", local_dir=folder)
        return Path(path).read_text(errors="replace")


def _make_license_error(card: object) -> OptionError:
    return OptionError(f"--license goes into a card that is made; write it into {card}: a line license: in its front")


def _make_operations(hub: Any, root: Path, card: str | None, there: set[str]) -> list[Any]:
    """What the commit does: everything of the dataset is added, what is left of an earlier one is removed."""
    paths = sorted(path for part in _PARTS for path in (root / part).rglob("*") if path.is_file())
    names = {str(path.relative_to(root)): path for path in paths if not path.name.startswith(".")}
    stale = sorted(name for name in there - set(names) if name.startswith(tuple(f"{part}/" for part in _PARTS)))
    return [
        *(hub.CommitOperationAdd(name, path) for name, path in names.items()),
        *([hub.CommitOperationAdd(_CARD, card.encode())] if card is not None else []),
        *(hub.CommitOperationDelete(name) for name in stale),
    ]


def _move_tag(api: Any, repository: str, commit: str) -> None:
    """LeRobot loads the commit that bears the layout's version."""
    errors: Any = import_extra("huggingface_hub.errors", "hub")
    try:
        api.delete_tag(repository, tag=layout.VERSION, repo_type="dataset")
    except errors.HfHubHTTPError as error:
        if error.response.status_code != 404:
            raise
    api.create_tag(repository, tag=layout.VERSION, revision=commit, repo_type="dataset")
