"""Write model cards again: of one bundle with the results named, or of all shipped ones with those in results/."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from millwright.catalog import SHIPPED, list_shipped
from millwright.core.errors import MillwrightError
from millwright.evaluation.card_rows import is_measured_with
from millwright.policies.bundle import load_manifest
from millwright.recipes.cards import load_values, save_card

ROOT = Path(__file__).parents[1]
USAGE = "usage: python scripts/make_cards.py [BUNDLE RESULT.json ...]"


def find_results(bundle: Path, folder: Path) -> list[Path]:
    """The results of a folder that were measured with this very bundle."""
    bundle_id = load_manifest(bundle).id
    return [path for path in sorted(folder.glob("*.json")) if is_measured_with(load_values(path), bundle_id)]


def make_cards(words: list[str]) -> Iterator[Path]:
    """Cards of the bundle that the words name first, with the results named after it; without words of all shipped.

    Raises:
        MillwrightError: a bundle is damaged, or a result is none of its own.
    """
    if words:
        yield save_card(Path(words[0]), [Path(word) for word in words[1:]])
        return
    for name in list_shipped():
        yield save_card(SHIPPED / name, find_results(SHIPPED / name, ROOT / "results"))


def main() -> int:
    """0 when the cards are written, 2 when the input was wrong (and said why on stderr)."""
    words = sys.argv[1:]
    if any(word.startswith("-") for word in words):
        print(USAGE)
        return 0 if words[0] in ("-h", "--help") else 2
    try:
        for path in make_cards(words):
            print(f"wrote {path}")
    except MillwrightError as error:
        print(f"make_cards: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
