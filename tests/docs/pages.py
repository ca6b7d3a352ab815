"""Pages and the code on them."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def read_blocks(page: Path, language: str = "python") -> list[str]:
    """The page's fenced code blocks in this language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)


def run_page(page: Path) -> dict[str, Any]:
    """Run the page's Python from top to bottom, as one module in the current folder; gives its names."""
    name = page.stem.replace("-", "_").lower()
    file = Path(f"{name}.py").absolute()
    file.write_text("\n".join(read_blocks(page)))
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec
    assert spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return vars(module)
