"""Runs every benchmark of this folder and gathers the goals: ``python benchmarks/all.py [--quick]``.

Exit status 0 only when every script ended well and every goal holds.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from goals import MARK

QUICK = '"--quick"'


def scripts() -> list[Path]:
    """Return the benchmarks beside this file: the scripts that know a quick run."""
    here = Path(__file__)
    return [path for path in sorted(here.parent.glob("*.py")) if path.name != here.name and QUICK in path.read_text()]


def run(script: Path, options: list[str]) -> tuple[int, list[str]]:
    """Run a script, show what it says as it says it, and return its exit status and its goals."""
    print(f"\n== {script.name} {' '.join(options)}", flush=True)
    lines = []
    with subprocess.Popen([sys.executable, str(script), *options], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            lines.append(line.rstrip())
    return process.returncode, [line for line in lines if line.startswith(MARK)]


def main() -> int:
    """Run everything and print what holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, about a minute a script")
    options = ["--quick"] if parser.parse_args().quick else []
    done = {script: run(script, options) for script in scripts()}
    print("\n== goals")
    for script, (status, goals) in done.items():
        print(f"{script.name}: {'all hold' if status == 0 else f'exit status {status}'}")
        print(*(f"  {goal}" for goal in goals), sep="\n")
    return 0 if all(status == 0 for status, _ in done.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
