"""Command line: ``python -m cs_ml.simulate data/sample --accounts 300 --seed 7``."""

from __future__ import annotations

import argparse
import sys
from datetime import date

from cs_ml.errors import CsMlError
from cs_ml.simulate.config import WorldConfig
from cs_ml.simulate.world import simulate

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Simulate a world from the command line.

    Parameters
    ----------
    arguments
        Command line without the program; None takes the process's own.

    Returns
    -------
    int
        0, or the exit code of the error.
    """
    given = vars(_parser().parse_args(arguments))
    folder, truth_folder = given.pop("folder"), given.pop("truth_folder")
    try:
        world = simulate(WorldConfig(**given), folder, truth_folder)
    except CsMlError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    for table, rows in world.rows.items():
        sys.stdout.write(f"{table:13} {rows:12,} rows\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    world = WorldConfig()
    parser = argparse.ArgumentParser(
        prog="python -m cs_ml.simulate", description="Write the tables of a simulated business."
    )
    parser.add_argument("folder", help="where the source tables go")
    parser.add_argument("--truth", dest="truth_folder", help="where the truth goes (default: FOLDER_truth)")
    parser.add_argument("--accounts", dest="n_accounts", type=int, default=world.n_accounts)
    parser.add_argument("--seed", type=int, default=world.seed)
    parser.add_argument("--start", type=date.fromisoformat, default=world.start, help="first day of a month")
    parser.add_argument("--end", type=date.fromisoformat, default=world.end, help="first day of a month, exclusive")
    parser.add_argument("--usage-intensity", type=float, default=world.usage_intensity, help="factor on usage rows")
    parser.add_argument("--late-share", type=float, default=world.late_share, help="share of rows known days late")
    parser.add_argument("--leaks", action="store_true", help="plant columns and rows that betray the outcome")
    parser.add_argument("--noise-only", action="store_true", help="outcomes are independent of everything")
    return parser


if __name__ == "__main__":
    sys.exit(main())
