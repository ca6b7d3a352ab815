"""The verb that writes what stands in a bundle beside what it is: its model card, its golden outputs."""

from __future__ import annotations

from pathlib import Path

from millwright.cli.arguments import BundleName, say
from millwright.core.errors import OptionError


def card(bundle: BundleName, results: tuple[Path, ...] = (), golden: bool = False) -> None:
    """Write the model card of a bundle again, with the results named and no others. The bundle and its id stay.

    Args:
        bundle: the path of a bundle, or the name of a shipped one.
        results: JSON of `millwright evaluate`, or summaries of recipes, each measured with this very bundle.
        golden: leave the card; write what the bundle plans here, for servers elsewhere to compare with before they
            serve it. Bundles are saved with that; this is for older ones.
    """
    from millwright.catalog import need_bundle
    from millwright.policies.loading import add_golden
    from millwright.recipes.cards import save_card

    if golden and results:
        raise OptionError("--golden leaves the card as it is, --results writes it: one after the other")
    folder = need_bundle(bundle)
    say(f"wrote {add_golden(folder) if golden else save_card(folder, results)}")
