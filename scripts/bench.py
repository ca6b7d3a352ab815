"""Run every benchmark and write what it measured, with the machine it was measured on, into results/."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def read_cpu_model() -> str:
    """The processor's name, as the kernel knows it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def describe_machine() -> dict[str, object]:
    """What a figure depends on."""
    return {
        "cpu": read_cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }


def run_benchmark(path: Path) -> dict[str, object]:
    """The JSON object that a benchmark prints at its end, on one line or on several.

    Raises:
        subprocess.CalledProcessError: the benchmark failed.
    """
    done = subprocess.run([sys.executable, str(path)], stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    measured: dict[str, object] = json.loads(done.stdout[done.stdout.rfind("\n{") + 1 :])
    return measured


def main() -> int:
    """Write results/bench-NAME.json for every benchmarks/bench_NAME.py; 1 when one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = {path.stem.removeprefix("bench_"): path for path in sorted((ROOT / "benchmarks").glob("bench_*.py"))}
    parser.add_argument("names", nargs="*", help=f"which ones (default: all of {', '.join(names)})")
    parser.add_argument("--out", type=Path, default=ROOT / "results")
    args = parser.parse_args()
    if unknown := [name for name in args.names if name not in names]:
        parser.error(f"no benchmark {', '.join(unknown)}; benchmarks: {', '.join(names)}")
    args.out.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in args.names or names:
        print(f"{name} ...", flush=True)
        try:
            measured = run_benchmark(names[name])
        except subprocess.CalledProcessError:
            failed.append(name)
            continue
        if "skipped" in measured:
            print(f"  skipped: {measured['skipped']}")
            continue
        target = args.out / f"bench-{name.replace('_', '-')}.json"
        target.write_text(json.dumps({"measured": measured, "machine": describe_machine()}, indent=2) + "\n")
        print(f"  {json.dumps(measured)}\n  -> {target}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
