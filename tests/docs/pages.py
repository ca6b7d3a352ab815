"""Pages and the code on them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def read_blocks(page: Path, language: str = "python") -> list[str]:
    """The page's fenced code blocks in this language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)


def run_page(page: Path) -> dict[str, Any]:
    """Run the page's Python from top to bottom, as one module; gives its names."""
    names: dict[str, Any] = {"__name__": page.stem}
    code = "\n".join(read_blocks(page))
    exec(compile(code, str(page), "exec"), names)  # noqa: S102
    return names
