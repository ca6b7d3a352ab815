"""The generated Python is what the .proto files say."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROTOS = Path("millwright/serving/protos")


def test_the_generated_files_are_fresh(tmp_path: Path) -> None:
    subprocess.run([ROOT / "scripts" / "make_protos.sh", tmp_path], check=True)
    committed = sorted(path for path in (ROOT / "src" / PROTOS).iterdir() if "_pb2" in path.name)
    assert {path.suffix for path in committed} == {".py", ".pyi"}
    assert sorted(path.name for path in (tmp_path / PROTOS).iterdir()) == [path.name for path in committed]
    for path in committed:
        assert (tmp_path / PROTOS / path.name).read_text() == path.read_text(), "run scripts/make_protos.sh"
