"""Write the cards of all shipped bundles again, with what results/ tells of each, and golden outputs where none are."""

from __future__ import annotations

import sys
from pathlib import Path

from millwright.catalog import SHIPPED, list_shipped
from millwright.core.errors import MillwrightError
from millwright.evaluation.card_rows import is_measured_with
from millwright.policies.folder import load_manifest
from millwright.policies.golden import FILE
from millwright.policies.loading import add_golden
from millwright.recipes.cards import load_values, save_card

ROOT = Path(__file__).parents[1]


def find_results(bundle: Path, folder: Path) -> list[Path]:
    """The results of a folder that were measured with this very bundle."""
    bundle_id = load_manifest(bundle).id
    return [path for path in sorted(folder.glob("*.json")) if is_measured_with(load_values(path), bundle_id)]


def main() -> int:
    """0 when the cards are written, 2 when a bundle or a result is damaged (and stderr says how)."""
    try:
        for name in list_shipped():
            results = find_results(SHIPPED / name, ROOT / "results")
            print(f"wrote {save_card(SHIPPED / name, results)}")
            if not (SHIPPED / name / FILE).exists():
                print(f"wrote {add_golden(SHIPPED / name)}")
    except MillwrightError as error:
        print(f"make_cards: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
