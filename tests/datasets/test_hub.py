"""Datasets go to Hugging Face and come from there, here a stand-in: whole, or not seen at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from millwright import cli
from millwright.core.errors import DatasetError, OptionError
from millwright.datasets import Dataset, editing, record, validate
from millwright.datasets.importing.hub import download, parse_name
from millwright.datasets.importing.source import Wishes
from millwright.datasets.pushing import push
from tests.datasets import clean
from tests.datasets.editing import edit_info
from tests.datasets.hub_server import TOKEN, Hub, Repository, serve
from tests.datasets.players import CAMERA, FPS

NAME = "lab/bricks"
ALL = Wishes()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data")
    record(clean.MakePlay(), range(2), root / "data", fps=FPS, features=clean.FEATURES)
    record(clean.MakePlay(), range(5), root / "data", fps=FPS, features=clean.FEATURES)  # a second file of everything
    return root / "data"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the stand-in speaks plain LFS
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with serve() as server:
        yield server


def read_files(root: Path) -> dict[str, bytes]:
    """Path -> content of all that belongs to a dataset."""
    paths = [path for part in ("data", "meta", "videos") for path in (root / part).rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


@pytest.fixture
def published(hub: Hub, data: Path) -> Hub:
    files = {"README.md": b"# ours", **read_files(data)}
    hub.repositories[NAME] = Repository(commits=[{}, files], tags={"v3.0": 1, "empty": 0})
    return hub


def test_a_push_uploads_the_dataset_with_its_card_in_one_commit_that_lerobot_finds(hub: Hub, data: Path) -> None:
    Dataset(data).frames(CAMERA)  # leaves a cache beside the dataset
    url = push(data, NAME, license="cc-by-4.0", endpoint=hub.url)
    repository = hub.repositories[NAME]
    assert url.startswith(f"{hub.url}/datasets/{NAME}/commit/")
    assert repository.private
    assert len(repository.commits) == 2
    assert repository.tags == {"v3.0": 1}
    files = dict(repository.commits[-1])
    card = files.pop("README.md").decode()
    assert files == read_files(data)
    assert card.startswith("---\nlicense: cc-by-4.0\ntask_categories:\n- robotics\ntags:\n- LeRobot")
    assert f'LeRobotDataset("{NAME}")' in card
    assert "5 episodes, 120 frames at 15 Hz" in card
    assert "Verdicts: success 3, low 2." in card
    assert "| `action` | float32 | 3 | rad |  |" in card


def test_a_second_push_removes_what_is_not_there_any_more_and_moves_the_tag(
    hub: Hub, data: Path, tmp_path: Path
) -> None:
    push(data, NAME, endpoint=hub.url)
    editing.select(data, tmp_path / "few", lambda entry: entry.position == 0)
    uploads = len([request for request in hub.requests if request.startswith("PUT")])
    push(tmp_path / "few", NAME, endpoint=hub.url)
    repository = hub.repositories[NAME]
    assert repository.tags == {"v3.0": 2}
    names = [name for name in repository.commits[-1] if name.startswith("data/")]
    assert names == ["data/chunk-000/file-000.parquet"]
    assert len([request for request in hub.requests if request.startswith("PUT")]) > uploads


def test_a_push_that_broke_off_shows_nothing_and_goes_on_when_called_again(hub: Hub, data: Path) -> None:
    hub.refuse = lambda request: "/commit/" in request
    with pytest.raises(DatasetError, match=r"the server answered .*500.*; the same command goes on"):
        push(data, NAME, endpoint=hub.url)
    assert hub.repositories[NAME].commits == [{}]
    hub.refuse = lambda request: request.startswith("PUT")  # nothing is uploaded again
    push(data, NAME, endpoint=hub.url)
    assert len(hub.repositories[NAME].commits) == 2


def test_without_a_token_it_is_said_what_to_do(hub: Hub, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    with pytest.raises(DatasetError, match=r"no token: make one .* `hf auth login`, or .* HF_TOKEN"):
        push(data, NAME, endpoint=hub.url)
    assert hub.requests == []


def test_what_has_errors_is_not_pushed_unless_that_is_meant(hub: Hub, data: Path, tmp_path: Path) -> None:
    bad = Path(shutil.copytree(data, tmp_path / "bad"))
    edit_info(bad, lambda info: info.update(total_frames=1))
    with pytest.raises(DatasetError, match=r"has 1 errors, the first: MW103 .*--force pushes it"):
        push(bad, NAME, endpoint=hub.url)
    assert hub.requests == []
    push(bad, NAME, public=True, force=True, endpoint=hub.url)
    assert not hub.repositories[NAME].private


def test_a_download_is_the_dataset_and_says_where_it_came_from(published: Hub, data: Path, tmp_path: Path) -> None:
    (note,) = download(f"hf://{NAME}@v3.0", tmp_path / "out", ALL, published.url)
    assert note.startswith(f"hf://{NAME}@")
    assert validate(tmp_path / "out") == []
    assert Dataset(tmp_path / "out").episodes == Dataset(data).episodes
    (source,) = json.loads((tmp_path / "out/meta/info.json").read_text())["lineage"]["sources"]
    assert source["digest"] == Dataset(data).digest
    assert source["name"] in note
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["README.md", "data", "meta", "videos"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_of_some_episodes_only_the_files_that_hold_them_are_downloaded(published: Hub, tmp_path: Path) -> None:
    wishes = Wishes(take=frozenset({3, 4}), left_out=frozenset({clean.DEPTH}))
    download(NAME, tmp_path / "out", wishes, published.url)
    got = {
        request.rpartition("/resolve/")[2].partition("/")[2] for request in published.requests if "/resolve/" in request
    }
    assert "data/chunk-000/file-001.parquet" in got
    assert "data/chunk-000/file-000.parquet" not in got
    dataset = Dataset(tmp_path / "out")
    assert [row.seed for row in dataset.episodes] == [3, 4]
    assert clean.DEPTH not in dataset.features
    assert validate(tmp_path / "out") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_download_that_broke_off_goes_on_and_is_not_taken_for_whole(published: Hub, tmp_path: Path) -> None:
    published.refuse = lambda request: request.startswith("GET") and "videos/" in request
    with pytest.raises(DatasetError, match="the same command goes on where it stopped"):
        download(NAME, tmp_path / "out", ALL, published.url)
    assert not (tmp_path / "out").exists()
    published.refuse = lambda request: request.startswith("GET") and "data/" in request and "/resolve/" in request
    said: list[str] = []
    download(NAME, tmp_path / "out", ALL, published.url, said.append)
    assert "are here already" in said[0]
    assert validate(tmp_path / "out") == []


def test_a_download_whose_branch_moved_on_begins_anew(published: Hub, tmp_path: Path) -> None:
    published.refuse = lambda request: request.startswith("GET") and "videos/" in request
    with pytest.raises(DatasetError):
        download(NAME, tmp_path / "out", ALL, published.url)
    repository = published.repositories[NAME]
    repository.commits.append({**repository.commits[-1], "README.md": b"# mine"})
    published.refuse = lambda request: False
    download(NAME, tmp_path / "out", ALL, published.url)
    assert (tmp_path / "out/README.md").read_text() == "# mine"
    assert validate(tmp_path / "out") == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hf://lab/nothing", "no such dataset, or a private one"),
        (f"hf://{NAME}@v9", "has no such revision"),
        (f"hf://{NAME}@empty", r"a LeRobot v3.0 folder has meta/info.json; another revision may be: @v3.0"),
    ],
)
def test_what_cannot_be_downloaded_leaves_nothing(published: Hub, tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        download(name, tmp_path / "out", ALL, published.url)
    assert list(tmp_path.iterdir()) == []


def test_an_older_layout_is_refused_before_its_data_are_downloaded(published: Hub, tmp_path: Path) -> None:
    published.repositories[NAME].commits[-1]["meta/info.json"] = b'{"codebase_version": "v2.1"}'
    with pytest.raises(DatasetError, match="convert_dataset_v21_to_v30"):
        download(NAME, tmp_path / "out", ALL, published.url)
    assert not [request for request in published.requests if "data/" in request and "/resolve/" in request]


def test_a_server_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="cannot be reached"):
        download(NAME, tmp_path / "out", ALL, "http://127.0.0.1:9")


def test_names_of_repositories() -> None:
    assert parse_name("hf://lab/bricks") == ("lab/bricks", None)
    assert parse_name("lab/bricks@v3.0") == ("lab/bricks", "v3.0")
    for name in ("bricks", "hf://a/b/c", "hf://", "hf://../..", "-a/b", "x..y/b", "a/b.git", "a/b--c"):
        with pytest.raises(OptionError, match="hf://owner/name"):
            parse_name(name)


def test_the_verbs_push_and_import(hub: Hub, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dataset", "push", str(data), NAME, "--endpoint", hub.url]) == 0
    assert "pushed: http://127.0.0.1" in capsys.readouterr().out
    command = ["dataset", "import", f"hf://{NAME}", str(tmp_path / "out"), "--endpoint", hub.url]
    assert cli.main([*command, "--episodes", "0:2"]) == 0
    assert "2 episodes, 48 frames" in capsys.readouterr().out
    assert cli.main([*command, "--task", "x"]) == 2
    assert "is there already" in capsys.readouterr().err
    assert cli.main([*command, "--kind", "umi"]) == 2
    assert "--kind umi: what is downloaded from hf:// is a LeRobot dataset" in capsys.readouterr().err
    assert cli.main([*command, "--episodes", ""]) == 2
    assert "'' is no list of episodes" in capsys.readouterr().err
    assert cli.main(["dataset", "import", NAME, str(tmp_path / "no")]) == 2
    assert f"on Hugging Face it is hf://{NAME}" in capsys.readouterr().err


def test_a_repository_that_holds_something_else_is_left_alone_unless_that_is_meant(hub: Hub, data: Path) -> None:
    theirs = {"data/rows.csv": b"1,2", "README.md": b"# theirs"}
    hub.repositories[NAME] = Repository(commits=[{}, theirs])
    with pytest.raises(DatasetError, match=r"lab/bricks holds 1 files but no LeRobot dataset, data/rows.csv .*--force"):
        push(data, NAME, endpoint=hub.url)
    assert hub.repositories[NAME].commits[1:] == [theirs]
    push(data, NAME, force=True, endpoint=hub.url)
    assert "data/rows.csv" not in hub.repositories[NAME].commits[-1]


def test_a_card_that_somebody_wrote_stays_and_one_that_was_made_is_made_anew(
    published: Hub, data: Path, tmp_path: Path
) -> None:
    push(data, NAME, endpoint=published.url)
    assert published.repositories[NAME].commits[-1]["README.md"] == b"# ours"
    with pytest.raises(OptionError, match=r"--license .* write it into README.md of lab/bricks"):
        push(data, NAME, license="mit", endpoint=published.url)
    editing.select(data, tmp_path / "few", lambda entry: entry.position == 0)
    for root, told in ((data, b"5 episodes"), (tmp_path / "few", b"1 episodes")):
        push(root, "lab/new", license="mit", endpoint=published.url)
        assert told in published.repositories["lab/new"].commits[-1]["README.md"]
    (tmp_path / "few/README.md").write_text("# mine")
    with pytest.raises(OptionError, match=r"--license .* write it into .*few/README.md"):
        push(tmp_path / "few", NAME, license="mit", endpoint=published.url)
    push(tmp_path / "few", NAME, endpoint=published.url)
    assert published.repositories[NAME].commits[-1]["README.md"] == b"# mine"
