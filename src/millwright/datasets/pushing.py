"""push: a dataset to Hugging Face in one commit, so that nobody ever sees half of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from millwright.core.errors import DatasetError, OptionError, import_extra
from millwright.datasets import layout
from millwright.datasets.card import make_card
from millwright.datasets.editing import open_finished
from millwright.datasets.importing.hub import parse_name, reporting
from millwright.datasets.validation import validate

_PARTS = ("data", "meta", "videos")
_CARD = "README.md"


def push(
    root: Path, name: str, *, public: bool = False, license: str = "", force: bool = False, endpoint: str | None = None
) -> str:
    """Upload a dataset with its card, as the new state of a repository, and tag it as LeRobot looks for it.

    Files of an earlier state that are not in the dataset any more are removed in the same commit; files that are there
    already are not uploaded again, so a push that broke off goes on when it is called again.

    Args:
        name: `owner/name`; made if missing.
        public: whether everybody sees a repository that is made.
        license: its identifier on Hugging Face, `cc-by-4.0` for example, for the card.
        force: push also what `validate` finds errors in.
        endpoint: of a server other than Hugging Face's.

    Returns:
        Address of the commit.

    Raises:
        DatasetError: no dataset, one with errors, no token, or the server refused.
        OptionError: `name` is none.
        MissingExtraError: huggingface_hub is not installed.
    """
    repository, revision = parse_name(name)
    if revision is not None:
        raise OptionError(f"{name}: a push makes a new state of the branch main; leave @{revision} out")
    folder = open_finished(root)
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
    card = root / _CARD
    text = card.read_text() if card.exists() else make_card(folder, repository, license)
    with reporting(repository):
        api = hub.HfApi(endpoint=endpoint, token=token)
        api.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
        operations = _make_operations(hub, root, text, set(api.list_repo_files(repository, repo_type="dataset")))
        message = f"{len(folder.entries)} episodes, {sum(entry.length for entry in folder.entries)} frames"
        commit = api.create_commit(repository, operations, commit_message=message, repo_type="dataset")
        _move_tag(api, repository, commit.oid)
    return str(commit.commit_url)


def _make_operations(hub: Any, root: Path, card: str, there: set[str]) -> list[Any]:
    """What the commit does: everything of the dataset is added, what is left of an earlier one is removed."""
    paths = sorted(path for part in _PARTS for path in (root / part).rglob("*") if path.is_file())
    names = {str(path.relative_to(root)): path for path in paths if not path.name.startswith(".")}
    stale = sorted(name for name in there - set(names) if name.startswith(tuple(f"{part}/" for part in _PARTS)))
    return [
        *(hub.CommitOperationAdd(name, path) for name, path in names.items()),
        hub.CommitOperationAdd(_CARD, card.encode()),
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
