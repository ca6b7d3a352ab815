"""What other tools wrote arrives whole: numbers, pictures, boundaries, rates, instructions, verdicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest
import zarr

from millwright.core.errors import DatasetError, OptionError, UnknownNameError
from millwright.datasets import Dataset, editing, record, validate
from millwright.datasets.access import EpisodeReader, load_extra
from millwright.datasets.checks.columns import read_columns
from millwright.datasets.describing import describe
from millwright.datasets.exporting import export_hdf5
from millwright.datasets.folder import Folder, open_folder
from millwright.datasets.footage import Footage
from millwright.datasets.importing.arrays import read_frames
from millwright.datasets.importing.conversion import import_dataset
from millwright.datasets.importing.kinds import KINDS, recognise
from millwright.datasets.importing.source import Wishes
from tests.datasets.importing import files
from tests.datasets.importing.files import LENGTHS, make_path, make_pictures
from tests.datasets.players import FPS, MakePlay


class Case(NamedTuple):
    """A kind's file and what has to be told about it."""

    name: str
    write: Callable[[Path], Path]
    wishes: Wishes
    camera: str
    size: tuple[int, int]
    fps: int


TOLD = Wishes(fps=10, task="do it")
CASES = {
    "robomimic": Case("r.hdf5", files.write_robomimic, Wishes(task="do it"), "agentview", (32, 48), 20),
    "lift-document": Case("l.hdf5", files.write_lift_document, Wishes(fps=20), "agentview", (32, 48), 20),
    "diffusion-policy": Case("p.zarr", files.write_pusht, TOLD, "image", (32, 32), 10),
    "umi": Case("u.zarr.zip", files.write_umi, TOLD, "camera0", (32, 32), 10),
}


def load(root: Path, number: int, name: str) -> np.ndarray:
    folder = open_folder(root)
    entry = folder.entries[number]
    columns, _ = read_columns(folder, entry, EpisodeReader(folder).load(entry))
    return columns[name]


def load_film(folder: Folder, number: int, camera: str) -> np.ndarray:
    entry = folder.entries[number]
    path = folder.root / entry.spans[camera].place.path(
        "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4", camera
    )
    return Footage(folder.fps).decode(path, EpisodeReader(folder).frames[camera][number], entry.length)


@pytest.fixture(scope="module", params=CASES)
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def imported(kind: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    case, folder = CASES[kind], tmp_path_factory.mktemp(kind)
    return folder / "out", import_dataset(case.write(folder / case.name), folder / "out", None, case.wishes)


def test_every_kind_has_a_file_here() -> None:
    assert set(CASES) | {"millwright"} == set(KINDS)


def test_the_kind_is_told_by_the_content(kind: str, imported: tuple[Path, list[str]]) -> None:
    assert recognise(imported[0].parent / CASES[kind].name) == kind


def test_nothing_is_wrong_with_what_was_imported(imported: tuple[Path, list[str]]) -> None:
    assert validate(imported[0]) == []


def test_episodes_keep_their_frames_rate_and_instruction(kind: str, imported: tuple[Path, list[str]]) -> None:
    folder = open_folder(imported[0])
    lengths = [LENGTHS[1], LENGTHS[2], LENGTHS[0]] if kind == "robomimic" else list(LENGTHS)  # its splits are ranges
    assert [entry.length for entry in folder.entries] == lengths
    assert folder.fps == CASES[kind].fps
    said = ["lift the cube, please 0", "lift the cube, please 1"] if kind == "lift-document" else ["do it"]
    assert list((folder.tasks or {}).values()) == said


def test_pictures_are_those_of_the_file_but_for_the_codec(kind: str, imported: tuple[Path, list[str]]) -> None:
    folder, case = open_folder(imported[0]), CASES[kind]
    film = load_film(folder, 0, f"observation.images.{case.camera}")
    number = 1 if kind == "robomimic" else 0
    assert np.abs(film.astype(int) - make_pictures(number, LENGTHS[number], *case.size)).mean() < 12


def test_the_lineage_names_file_kind_and_digest(kind: str, imported: tuple[Path, list[str]]) -> None:
    info = json.loads((imported[0] / "meta/info.json").read_text())
    assert info["lineage"]["operation"] == "import"
    assert info["lineage"]["options"]["kind"] == kind
    (source,) = info["lineage"]["sources"]
    assert source["name"] == CASES[kind].name
    assert len(source["digest"]) == 64
    labels = [json.loads(row["provenance"])["episode"] for row in load_extra(imported[0])]
    assert len(set(labels)) == 3


def test_robomimics_columns_splits_robot_and_units(tmp_path: Path) -> None:
    source, out = files.write_robomimic(tmp_path / "r.hdf5"), tmp_path / "out"
    notes = import_dataset(source, out, wishes=Wishes(task="lift", units={"observation.object": "m"}))
    info = json.loads((out / "meta/info.json").read_text())
    assert info["robot_type"] == "Panda"
    assert info["splits"] == {"train": "0:2", "valid": "2:3"}
    assert info["features"]["action"]["names"] == ["dx", "dy", "dz", "dax", "day", "daz", "gripper"]
    state = info["features"]["observation.state"]
    assert state["names"][:4] == ["robot0_eef_pos.x", "robot0_eef_pos.y", "robot0_eef_pos.z", "robot0_eef_quat.qx"]
    assert state["info"]["unit"] == "m, m, m, 1, 1, 1, 1, m, m"
    assert info["features"]["observation.object"]["info"]["unit"] == "m"
    assert info["features"]["next.done"]["dtype"] == "bool"
    assert notes[0] == "left out: filter keys 20_percent"
    assert notes[-1] == "unit unknown, tell it with --units: observation.agentview_depth, source.states"
    np.testing.assert_array_equal(load(out, 0, "source.states"), make_path(91, LENGTHS[1], 32))
    np.testing.assert_array_equal(load(out, 2, "action"), make_path(50, LENGTHS[0], 7).astype(np.float32))
    np.testing.assert_array_equal(load(out, 2, "observation.state"), make_path(0, LENGTHS[0], 9).astype(np.float32))
    assert load(out, 2, "next.done")[:, 0].tolist() == [False] * 11 + [True]


def test_the_state_is_made_of_what_is_asked_for(tmp_path: Path) -> None:
    source = files.write_robomimic(tmp_path / "r.hdf5", images=False)
    import_dataset(source, tmp_path / "out", wishes=Wishes(task="lift", state=("object", "robot0_eef_pos")))
    state = load(tmp_path / "out", 2, "observation.state")
    np.testing.assert_array_equal(state[:, :10], make_path(7, LENGTHS[0], 10).astype(np.float32))
    assert not (tmp_path / "out/videos").exists()
    with pytest.raises(OptionError, match=r"--state grip: no such vector; there are .*observation.robot0_gripper_qpos"):
        import_dataset(source, tmp_path / "no", wishes=Wishes(task="lift", state=("grip",)))


def test_the_documents_verdicts_arrive(tmp_path: Path) -> None:
    import_dataset(files.write_lift_document(tmp_path / "l.hdf5"), tmp_path / "out", wishes=Wishes(fps=20))
    rows = Dataset(tmp_path / "out").episodes
    assert [(row.success, row.failure) for row in rows] == [(True, None), (False, "unknown"), (True, None)]


def test_push_ts_known_arrays_have_names_and_units(tmp_path: Path) -> None:
    import_dataset(files.write_pusht(tmp_path / "p.zarr"), tmp_path / "out", wishes=TOLD)
    features = json.loads((tmp_path / "out/meta/info.json").read_text())["features"]
    assert features["observation.state"]["names"][-1] == "block_angle"
    assert features["observation.state"]["info"]["unit"] == "px, px, px, px, rad"
    assert features["observation.keypoint"]["info"]["shape"] == [9, 2]


def test_umis_action_is_the_next_pose_and_width_of_every_gripper(tmp_path: Path) -> None:
    source = files.write_umi(tmp_path / "u.zarr.zip", grippers=2)
    notes = import_dataset(source, tmp_path / "out", wishes=TOLD)
    assert "UMI records no commands" in notes[0]
    state, action = (load(tmp_path / "out", 1, name) for name in ("observation.state", "action"))
    assert state.shape == (LENGTHS[1], 14)
    np.testing.assert_array_equal(action[:-1], state[1:])
    np.testing.assert_array_equal(action[-1], state[-1])
    pose = make_path(1, sum(LENGTHS), 7).astype(np.float32)[LENGTHS[0] : LENGTHS[0] + LENGTHS[1]]
    np.testing.assert_array_equal(state[:, 7:13], pose[:, :6])


def test_floats_become_pictures_only_where_their_name_says_so(tmp_path: Path) -> None:
    points = make_path(9, sum(LENGTHS) * 64, 3).reshape(-1, 8, 8, 3)
    source = files.write_pusht(tmp_path / "p.zarr", points=points)
    zarr.open_group(str(source), mode="a").create_group("data/more")
    notes = import_dataset(source, tmp_path / "out", wishes=TOLD)
    assert notes[0] == "left out: data/more, which are folders of arrays"
    assert np.array_equal(load(tmp_path / "out", 0, "observation.points").ravel(), points[:12].astype("f4").ravel())


def test_what_was_imported_can_be_read_as_any_dataset(kind: str, imported: tuple[Path, list[str]]) -> None:
    dataset = Dataset(imported[0])
    height, width = CASES[kind].size
    assert dataset.frames(dataset.features.images[0]).shape == (sum(LENGTHS), height, width, 3)
    assert len(dataset.column("action")) == sum(LENGTHS)


def test_a_rate_is_read_from_recorded_times(tmp_path: Path) -> None:
    times = np.arange(sum(LENGTHS)) / 10.003 + 1e9
    source = files.write_pusht(tmp_path / "p.zarr", timestamp=times)
    notes = import_dataset(source, tmp_path / "out", wishes=Wishes(task="push"))
    assert "taken as 10 Hz; the file says 10" in notes[-2]
    assert open_folder(tmp_path / "out").fps == 10


def test_odd_pictures_are_made_even_and_that_is_said(tmp_path: Path) -> None:
    frames = np.concatenate([make_pictures(n, length, 33, 31) for n, length in enumerate(LENGTHS)])
    notes = import_dataset(files.write_pusht(tmp_path / "p.zarr", img=frames), tmp_path / "out", wishes=TOLD)
    assert "33 x 31 became 34 x 32" in notes[0]
    for made, frame in zip(read_frames("img", frames, 3, 9, 1.0), frames[3:9], strict=True):
        np.testing.assert_array_equal(made, np.pad(frame, ((0, 1), (0, 1), (0, 0)), "edge"))
    assert validate(tmp_path / "out") == []


def test_episodes_and_features_can_be_left_out(tmp_path: Path) -> None:
    source = files.write_robomimic(tmp_path / "r.hdf5")
    wishes = Wishes(task="lift", drop=frozenset({0}), left_out=frozenset({"observation.object", "source.states"}))
    import_dataset(source, tmp_path / "out", wishes=wishes)
    folder = open_folder(tmp_path / "out")
    assert folder.info["splits"] == {"train": "0:2"}
    assert not {"observation.object", "source.states"} & set(folder.features)
    with pytest.raises(OptionError, match="--leave-out objct: no such feature in the file; there are"):
        import_dataset(source, tmp_path / "no", wishes=Wishes(task="lift", left_out=frozenset({"objct"})))
    with pytest.raises(OptionError, match=r"--leave-out observation.state: .*observation.robot0_eef_pos") as error:
        import_dataset(source, tmp_path / "no", wishes=Wishes(task="lift", left_out=frozenset({"observation.state"})))
    assert "observation.state" not in str(error.value).partition("there are")[2]  # it is made of the others
    with pytest.raises(OptionError, match="--drop 3: there are 3 episodes"):
        import_dataset(source, tmp_path / "no", wishes=Wishes(task="lift", drop=frozenset({3})))


def test_robosuites_own_files_without_observations_are_read(tmp_path: Path) -> None:
    path = tmp_path / "demo.hdf5"
    with h5py.File(path, "w") as file:
        data = file.create_group("data")
        data.attrs["env"] = "Lift"
        data.attrs["env_info"] = json.dumps({"control_freq": 20, "robots": "Panda"})
        for number in (2, 10, 1):  # human demonstrations are numbered from 1 on
            data[f"demo_{number}/actions"] = make_path(number, 8 + number, 7)
            data[f"demo_{number}/states"] = make_path(number, 8 + number, 20)
    import_dataset(path, tmp_path / "out", wishes=Wishes(task="lift the cube"))
    assert [entry.length for entry in open_folder(tmp_path / "out").entries] == [9, 10, 18]


@pytest.mark.parametrize("where", ["ep_meta", "problem_info"])
def test_instructions_are_found_where_robocasa_and_libero_keep_them(tmp_path: Path, where: str) -> None:
    path = files.write_robomimic(tmp_path / "r.hdf5", images=False)
    with h5py.File(path, "a") as file:
        if where == "ep_meta":
            for name in file["data"]:
                file["data"][name].attrs["ep_meta"] = json.dumps({"lang": f"open drawer {name[-1]}"})
        else:
            file["data"].attrs["problem_info"] = json.dumps({"language_instruction": "open drawer"})
    import_dataset(path, tmp_path / "out")
    texts = [entry.tasks[0] for entry in open_folder(tmp_path / "out").entries]
    assert texts == (["open drawer 1", "open drawer 2", "open drawer 0"] if where == "ep_meta" else ["open drawer"] * 3)


def test_an_unknown_kind_is_answered_with_the_kinds(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'robomimic'"):
        import_dataset(files.write_umi(tmp_path / "u.zip"), tmp_path / "out", "robomimik")


def test_two_cameras_of_like_names_both_arrive(tmp_path: Path) -> None:
    path = files.write_robomimic(tmp_path / "r.hdf5")
    with h5py.File(path, "a") as file:
        for number, length in enumerate(LENGTHS):
            file[f"data/demo_{number}/obs/agentview_rgb"] = make_pictures(number + 3, length, 16, 16)
    import_dataset(path, tmp_path / "out", wishes=Wishes(task="lift"))
    folder = open_folder(tmp_path / "out")
    cameras = ["observation.images.agentview_image", "observation.images.agentview_rgb"]
    assert list(folder.cameras) == cameras
    assert [load_film(folder, 0, camera).shape[1] for camera in cameras] == [32, 16]


def test_arrays_of_the_lift_document_have_whole_names_as_robomimic_too(tmp_path: Path) -> None:
    import_dataset(files.write_lift_document(tmp_path / "l.hdf5"), tmp_path / "out", "robomimic", TOLD)
    assert list(open_folder(tmp_path / "out").cameras) == ["observation.images.source"]


def test_what_is_left_out_is_all_told(tmp_path: Path) -> None:
    path = files.write_robomimic(tmp_path / "r.hdf5", images=False)
    with h5py.File(path, "a") as file:
        file["data/demo_0/aa"] = np.zeros(2)
    notes = import_dataset(path, tmp_path / "out", wishes=Wishes(task="lift"))
    assert "left out: aa, which has no number for each frame" in notes
    assert "left out: next_obs, which is obs a frame later" in notes


def write_seeds(path: Path, *seeds: object) -> Path:
    files.write_robomimic(path, images=False)
    with h5py.File(path, "r+") as file:
        del file["mask"]  # which would put its episodes in another order
        for number, seed in enumerate(seeds):
            if seed is not None:
                file["data"][f"demo_{number}"].attrs["seed"] = seed
    return path


@pytest.mark.parametrize(
    ("seeds", "kept", "written"),
    [
        ((2**63 - 1, 0, 7), [2**63 - 1, 0, 7], None),
        ((np.uint64(2**64 - 1), str(2**80), 3), [None, None, 3], ["18446744073709551615", str(2**80), None]),
        ((np.uint64(2**63), 0, 1), [None, 0, 1], ["9223372036854775808", None, None]),
        (("abc", -1, None), [None, None, None], ["abc", "-1", None]),
        ((1.5, np.array([1, 2]), 4), [None, None, 4], ["1.5", "[1 2]", None]),
        ((5, None, 6), [5, None, 6], None),
    ],
)
def test_seeds_that_no_table_holds_are_kept_as_they_are_written(
    tmp_path: Path, seeds: tuple[object, ...], kept: list[object], written: list[object] | None
) -> None:
    source = write_seeds(tmp_path / "r.hdf5", *seeds)
    import_dataset(source, tmp_path / "out", None, Wishes(task="do it"))
    known = load_extra(tmp_path / "out")
    assert [row.get("seed") for row in known] == kept
    assert [row.get("source_seed") for row in known] == (written or [None] * 3)
    assert describe(tmp_path / "out").episodes == 3
    export_hdf5(tmp_path / "out", tmp_path / "back.hdf5")
    import_dataset(tmp_path / "back.hdf5", tmp_path / "again")
    assert [row.get("seed") for row in load_extra(tmp_path / "again")] == kept
    assert [row.get("source_seed") for row in load_extra(tmp_path / "again")] == (written or [None] * 3)
    assert [row.seed for row in Dataset(tmp_path / "again").episodes] == kept


def test_a_seed_that_somebody_wrote_into_an_export_is_kept_as_it_is_written(tmp_path: Path) -> None:
    record(MakePlay(), range(2), tmp_path / "data", fps=FPS)
    export_hdf5(tmp_path / "data", tmp_path / "data.hdf5")
    with h5py.File(tmp_path / "data.hdf5", "r+") as file:
        demo = file["data"]["demo_1"]
        told = json.loads(demo.attrs["millwright"])
        told["known"]["seed"] = 10**30
        demo.attrs["millwright"] = json.dumps(told)
    import_dataset(tmp_path / "data.hdf5", tmp_path / "out")
    rows = load_extra(tmp_path / "out")
    assert [(row["seed"], row["source_seed"]) for row in rows] == [(0, None), (None, str(10**30))]


def test_a_filter_asks_only_for_what_some_episode_says(tmp_path: Path) -> None:
    import_dataset(write_seeds(tmp_path / "r.hdf5", 5, None, 6), tmp_path / "out", None, Wishes(task="do it"))
    keep = editing.make_keep(tmp_path / "out", None, range(6), None, None)
    assert [keep(entry) for entry in open_folder(tmp_path / "out").entries] == [True, False, False]
    with pytest.raises(DatasetError, match="does not say of any episode what its verdict is"):
        editing.make_keep(tmp_path / "out", "success", None, None, None)
