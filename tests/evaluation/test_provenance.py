"""Provenance: what was run, on what, and whether it is still the same."""

from __future__ import annotations

from millwright.evaluation.provenance import collect_provenance, compute_claim_digest, compute_source_digest


def test_provenance_names_versions_machine_date_and_command():
    values = collect_provenance({"env": "reach", "policy": "flaky"}, "millwright evaluate reach")
    assert set(values) == {"env", "policy", "versions", "source", "machine", "date", "command"}
    assert {"millwright", "mujoco", "numpy"} <= set(values["versions"])
    assert values["machine"]["cpu"]
    assert values["machine"]["cores"] >= 1
    assert values["date"].endswith("+00:00")


def test_the_same_claim_has_the_same_digest_whatever_its_order():
    claim = {"env": "reach", "env_options": {"a": 1, "b": 2}}
    turned = {"env_options": {"b": 2, "a": 1}, "env": "reach"}
    assert compute_claim_digest(claim) == compute_claim_digest(turned)
    assert compute_claim_digest(claim) != compute_claim_digest({**claim, "env": "lift"})


def test_an_edit_or_a_renamed_file_changes_the_sources_digest(tmp_path):
    digests = []
    for name, text in (("a.py", "x = 1"), ("a.py", "x = 2"), ("b.py", "x = 2")):
        for path in tmp_path.glob("*.py"):
            path.unlink()
        (tmp_path / name).write_text(text)
        digests.append(compute_source_digest(tmp_path))
    assert len(set(digests)) == 3
    (tmp_path / "notes.txt").write_text("not code")
    assert compute_source_digest(tmp_path) == digests[-1]
