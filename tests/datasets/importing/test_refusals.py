"""What is broken, cut off, or does not say what must be known is refused with the way out; nothing is left behind."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow.parquet as pq
import pytest
import zarr

from millwright.core.errors import DatasetError, FeatureError, MillwrightError, OptionError, UnknownNameError
from millwright.datasets import layout
from millwright.datasets.exporting import export_hdf5
from millwright.datasets.importing.conversion import import_dataset
from millwright.datasets.importing.source import Wishes
from millwright.datasets.layout import Place
from tests.datasets.importing import files
from tests.datasets.importing.files import LENGTHS

TOLD = Wishes(fps=10, task="do it")
Write = Callable[[Path], Path]


def refuse(source: Path, message: str, wishes: Wishes = TOLD, error: type[MillwrightError] = DatasetError) -> None:
    """The import ends with `message`, and beside the source there is nothing afterwards."""
    before = sorted(source.parent.iterdir())
    with pytest.raises(error, match=message):
        import_dataset(source, source.parent / "out", wishes=wishes)
    assert sorted(source.parent.iterdir()) == before


def spoil(path: Path, change: Callable[[Any], None]) -> Path:
    with h5py.File(path, "a") as file:
        change(file)
    return path


@pytest.fixture
def robomimic(tmp_path: Path) -> Path:
    return files.write_robomimic(tmp_path / "r.hdf5")


def test_what_is_not_said_is_asked_for(tmp_path: Path, robomimic: Path) -> None:
    refuse(files.write_umi(tmp_path / "u.zarr.zip"), "tell it: --fps 20", Wishes(task="x"))
    refuse(robomimic, "demo_1 has no instruction; .* --task 'pick up the cube'", Wishes())
    refuse(robomimic, "--fps is a whole number, 1 to 10000; got 0", Wishes(fps=0), OptionError)
    refuse(robomimic, "--units actoin: no such feature; there are", Wishes(units={"actoin": "m"}), OptionError)
    refuse(robomimic, "no episode of .* is left", Wishes(task="x", drop=frozenset({0, 1, 2})))


def test_a_file_of_no_kind_is_answered_with_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"hello")
    refuse(tmp_path / "x.bin", "none of umi, diffusion-policy, robomimic, lift-document, millwright, nor a folder")
    refuse(tmp_path / "nothing.hdf5", "nothing to import: .*nothing.hdf5 is not there")


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("write", [files.write_robomimic, files.write_lift_document, files.write_umi])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, write: Write, share: float) -> None:
    source = write(tmp_path / "cut.bin")
    source.write_bytes(source.read_bytes()[: int(share * source.stat().st_size)])
    refuse(source, "copy it again")


def test_a_byte_of_a_frame_that_changed_is_noticed(tmp_path: Path) -> None:
    source = files.write_umi(tmp_path / "u.zarr.zip")
    with zipfile.ZipFile(source) as archive:
        (info,) = [info for info in archive.infolist() if info.filename.endswith("camera0_rgb/20.0.0.0")]
    content = bytearray(source.read_bytes())
    content[info.header_offset + 30 + len(info.filename) + info.compress_size // 2] ^= 0xFF
    source.write_bytes(content)
    refuse(source, r"episode 1, observation.camera0_rgb: frames 20 to 21 cannot be read .*copy the file again")


def test_pictures_that_are_missing_do_not_become_black_ones(tmp_path: Path) -> None:
    source = files.write_pusht(tmp_path / "p.zarr")
    (source / "data/img/2.0.0.0").unlink()
    refuse(source, "1 of 4 blocks of the pictures data/img are missing")


def test_episode_ends_must_rise_and_fit(tmp_path: Path) -> None:
    source = files.write_pusht(tmp_path / "p.zarr")
    zarr.open_group(str(source), mode="a")["meta/episode_ends"][2] = 99
    refuse(source, "has 36 frames, meta/episode_ends says 99; it is cut off")
    zarr.open_group(str(source), mode="a")["meta/episode_ends"][2] = 3
    refuse(source, "does not rise")


def test_a_codec_that_runs_what_it_reads_is_refused_before_it_is_read(tmp_path: Path) -> None:
    source = files.write_pusht(tmp_path / "p.zarr")
    path = source / "data/state/.zarray"
    path.write_text(json.dumps({**json.loads(path.read_text()), "filters": [{"id": "pickle", "protocol": 5}]}))
    refuse(source, r"data/state/.zarray asks for pickle, which can run any program")


def test_a_demonstration_whose_parts_differ_in_length_is_named(tmp_path: Path) -> None:
    def shorten(file: Any) -> None:
        del file["data/demo_1/rewards"]
        file["data/demo_1/rewards"] = np.zeros(3)

    source = spoil(files.write_lift_document(tmp_path / "l.hdf5"), shorten)
    refuse(source, r"demo_1: its parts differ in length \(.*next.reward 3.*\); --drop 1 leaves it out", Wishes(fps=20))
    import_dataset(source, tmp_path / "out", wishes=Wishes(fps=20, drop=frozenset({1})))


def test_a_demonstration_with_other_samples_than_it_says_is_named(robomimic: Path) -> None:
    spoil(robomimic, lambda file: file["data/demo_1"].attrs.update(num_samples=40))
    refuse(robomimic, f"demo_1: num_samples is 40, it has {LENGTHS[1]} actions; --drop 1")


def test_a_demonstration_that_lacks_what_the_first_has_is_named(robomimic: Path) -> None:
    spoil(robomimic, lambda file: file["data/demo_2/obs"].pop("object"))
    refuse(robomimic, r"demo_2: observation.object is missing, \(15, 10\) is meant")


def test_numbers_that_are_not_finite_are_named(robomimic: Path) -> None:
    def spoil_action(file: Any) -> None:
        file["data/demo_1/actions"][4, 2] = np.nan

    spoil(robomimic, spoil_action)
    refuse(robomimic, "demo_1: action is not finite in frame 4")


def test_floats_that_are_no_colours_are_refused(tmp_path: Path) -> None:
    frames = np.random.default_rng(0).normal(size=(sum(LENGTHS), 32, 32, 3)).astype(np.float32)
    refuse(files.write_pusht(tmp_path / "p.zarr", img=frames), "colours are 0 to 255, or 0 to 1")


def test_pictures_of_four_channels_are_refused_with_the_way_out(tmp_path: Path) -> None:
    frames = np.zeros((sum(LENGTHS), 32, 32, 4), np.uint8)
    refuse(files.write_pusht(tmp_path / "p.zarr", rgba=frames), "--leave-out observation.rgba")


def test_a_folder_that_holds_something_is_not_written_into(robomimic: Path) -> None:
    (robomimic.parent / "out").mkdir()
    (robomimic.parent / "out/mine").touch()
    refuse(robomimic, "is there already; give a folder that is new")


def test_a_rate_that_is_no_whole_number_is_asked_for(robomimic: Path) -> None:
    kwargs = {**files.ROBOSUITE["env_kwargs"], "control_freq": 12.5}
    spoil(robomimic, lambda file: file["data"].attrs.update(env_args=json.dumps({"env_kwargs": kwargs})))
    refuse(robomimic, "the file says 12.5 Hz; .* give the nearest, --fps", Wishes(task="x"))


def test_a_camera_whose_name_leads_elsewhere_writes_nothing_there(tmp_path: Path, robomimic: Path) -> None:
    import_dataset(robomimic, tmp_path / "data", wishes=TOLD)
    export_hdf5(tmp_path / "data", tmp_path / "e.hdf5")
    name = "observation.images/../../../../pwn"

    def rename(file: Any) -> None:
        told = json.loads(file["data"].attrs["millwright"])
        (row,) = [row for row in told["features"] if row["name"].startswith("observation.images")]
        row["name"] = name
        file["data"].attrs["millwright"] = json.dumps(told)
        for demo in file["data"].values():
            demo["obs/agentview_image"].attrs["feature"] = name

    refuse(spoil(tmp_path / "e.hdf5", rename), "pwn' is no name of a feature", Wishes(), FeatureError)


def _store_outside(file: Any) -> None:
    secret = Path(file.filename).with_name("secret")
    for number, length in enumerate(LENGTHS):
        file[f"data/demo_{number}"].create_dataset("leak", (length, 16), "u1", external=[(secret, 0, length * 16)])


def _make_virtual(file: Any) -> None:
    for number, length in enumerate(LENGTHS):
        there = h5py.VirtualLayout((length, 2), "f8")
        there[:] = h5py.VirtualSource(str(Path(file.filename).with_name("o.hdf5")), "x", (length, 2))
        file[f"data/demo_{number}"].create_virtual_dataset("leak", there)


def _link_demonstration(file: Any) -> None:
    file["data/demo_3"] = h5py.ExternalLink("other.hdf5", "data/demo_0")


def _link_through_a_group(file: Any) -> None:
    file["there"] = h5py.ExternalLink("other.hdf5", "/")
    file["data/demo_3"] = h5py.SoftLink("/there/data/demo_0")


def _link_masks(file: Any) -> None:
    del file["mask"]
    file["mask"] = h5py.ExternalLink("other.hdf5", "mask")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_store_outside, "data/demo_0/leak takes its values from other files"),
        (_make_virtual, "data/demo_0/leak takes its values from other files"),
        (_link_demonstration, "data/demo_3 is a link into another file"),
        (_link_through_a_group, "data/demo_3 is a link into another file"),
        (_link_masks, "/mask is a link into another file"),
    ],
)
def test_what_lies_outside_of_the_file_is_not_read(
    tmp_path: Path, robomimic: Path, change: Callable[[Any], None], message: str
) -> None:
    files.write_robomimic(tmp_path / "other.hdf5")
    (tmp_path / "secret").write_bytes(bytes(1000))
    refuse(spoil(robomimic, change), message)


@pytest.mark.parametrize("name", [".zattrs", "data/img/.zarray"])
def test_metadata_that_would_fill_the_memory_are_refused(tmp_path: Path, name: str) -> None:
    source = tmp_path / "bomb.zarr.zip"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/img/0", b"")
        archive.writestr(name, b" " * 9_000_000 + b"{}")
    refuse(source, f"{name} has 9 MB, metadata of at most 8 MB are read")


def _cut_rewards(file: Any) -> None:
    del file["data/demo_0/rewards"]
    file["data/demo_0/rewards"] = np.zeros(5)


def test_rewards_of_another_length_do_not_cost_those_of_all(robomimic: Path) -> None:
    spoil(robomimic, _cut_rewards)
    refuse(robomimic, r"demo_0: rewards has 5 values, actions 12; .* --leave-out next\.reward")
    import_dataset(robomimic, robomimic.parent / "a", wishes=Wishes(task="x", left_out=frozenset({"next.reward"})))
    import_dataset(robomimic, robomimic.parent / "b", wishes=Wishes(task="x", drop=frozenset({0})))
    assert "next.reward" in json.loads((robomimic.parent / "b/meta/info.json").read_text())["features"]


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (("action", "object"), "--state action: no such vector; there are"),
        (("next.reward",), "--state next.reward: no such vector"),
        (("object", "observation.object"), "--state observation.object: it is named twice"),
    ],
)
def test_the_answer_does_not_become_the_state(robomimic: Path, state: tuple[str, ...], message: str) -> None:
    refuse(robomimic, message, Wishes(task="x", state=state), OptionError)


def _tell_env(text: str) -> Callable[[Any], None]:
    return lambda file: file["data"].attrs.update(env_args=f'{{"env_kwargs": {{"control_freq": {text}}}}}')


def _put(path: str, value: Any) -> Callable[[Any], None]:
    def change(file: Any) -> None:
        del file[path]
        file[path] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_put("data/demo_0", np.zeros(3)), "data/demo_0 is a Dataset; a Group is meant"),
        (_put("data/demo_0/actions", 3.0), "r.hdf5 as robomimic cannot be read"),
        (_put("mask", np.zeros(3)), "/mask is a Dataset; a Group is meant"),
        (lambda file: file.create_group("mask/sub"), "/mask/sub is a Group; a Dataset is meant"),
        (
            lambda f: f["data/demo_1"].attrs.update(success=np.zeros(3)),
            "demo_1 cannot be read .*--drop 1 leaves it out",
        ),
        (_tell_env("NaN"), "the file says nan Hz"),
        (_tell_env("Infinity"), "the file says inf Hz"),
    ],
)
def test_what_is_of_another_kind_than_meant_is_named(
    robomimic: Path, change: Callable[[Any], None], message: str
) -> None:
    refuse(spoil(robomimic, change), message, Wishes(task="x"))


@pytest.mark.parametrize(
    ("where", "told"),
    [("data", "{}"), ("data/demo_1", '{"texts": "a", "known": 3}'), ("data/demo_1", '{"texts": [], "known": {}}')],
)
def test_an_exported_file_that_was_altered_is_refused(tmp_path: Path, robomimic: Path, where: str, told: str) -> None:
    import_dataset(robomimic, tmp_path / "data", wishes=TOLD)
    export_hdf5(tmp_path / "data", tmp_path / "e.hdf5")
    spoil(tmp_path / "e.hdf5", lambda file: file[where].attrs.update(millwright=told))
    refuse(tmp_path / "e.hdf5", "e.hdf5 as millwright cannot be read" if where == "data" else "demo_1", Wishes())


def test_a_zip_packed_in_a_way_that_is_not_known_is_refused(tmp_path: Path) -> None:
    source = files.write_umi(tmp_path / "u.zarr.zip")
    content = bytearray(source.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 6] = 99  # the version that is needed to read it
    source.write_bytes(content)
    refuse(source, "no whole zip file .*copy it again")


def test_the_new_folder_may_be_the_one_stood_in_or_a_link(
    tmp_path: Path, robomimic: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there")
    import_dataset(robomimic, tmp_path / "link", wishes=TOLD)
    assert (tmp_path / "there/meta/info.json").exists()
    monkeypatch.chdir(tmp_path / "here")
    import_dataset(robomimic, Path("."), wishes=TOLD)
    assert (tmp_path / "here/meta/info.json").exists()


def test_the_kinds_are_all_named(robomimic: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"umi, .*, lerobot\)"):
        import_dataset(robomimic, robomimic.parent / "out", "nothing", TOLD)


@pytest.mark.parametrize("camera", ["observation.images/../../pwn", "..", "observation.images..", "a\\b", "/etc"])
def test_no_video_lies_outside_of_its_dataset(camera: str) -> None:
    with pytest.raises(FeatureError, match="no name of a feature"):
        Place(0, 0).path(layout.VIDEO, camera)


def test_rows_of_a_lerobot_folder_with_a_camera_that_leads_elsewhere_are_refused(
    tmp_path: Path, robomimic: Path
) -> None:
    import_dataset(robomimic, tmp_path / "data", wishes=TOLD)
    old, new = "observation.images.agentview", "observation.images/../../../../pwn"
    for name in ("info.json", "stats.json"):
        path = tmp_path / "data/meta" / name
        path.write_text(path.read_text().replace(old, new))
    (episodes,) = (tmp_path / "data/meta/episodes").rglob("*.parquet")
    table = pq.read_table(episodes)
    pq.write_table(table.rename_columns([column.replace(old, new) for column in table.column_names]), episodes)
    with pytest.raises(MillwrightError):
        import_dataset(tmp_path / "data", tmp_path / "out")
    assert not list(tmp_path.parent.rglob("pwn*"))
    assert not (tmp_path / "out").exists()
