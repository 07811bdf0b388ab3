"""The command ``cs-ml``: the words of the pipeline.

Nothing heavy is imported before a command runs, so ``cs-ml --help`` answers at once.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cs_ml.errors import CsMlError, InputError

if TYPE_CHECKING:
    from cs_ml.config import Config

__all__ = ["app", "main"]

DEFAULT_CONFIG = Path("cs_ml.yaml")
INTERRUPTED = 130
CODES = (
    "Exit codes: 0 done; 1 a check did not hold; 2 something given cannot be used; "
    "130 interrupted; 70 a defect of ours."
)
app = typer.Typer(
    name="cs-ml", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, epilog=CODES,
    help="Churn and upsell probabilities, a health score with a stated meaning, and reasons that add up.",
)  # fmt: skip

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="Config file; ./cs_ml.yaml where it exists.")]
TablesPlace = Annotated[Path | None, typer.Option("--tables", "-t", help="Folder of tables, without any config.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Output folder; that of the config by default.")]
Engine = Annotated[str | None, typer.Option("--engine", help="local or spark; that of the config by default.")]
Master = Annotated[str | None, typer.Option("--master", help="Master of Spark, such as local[4] or yarn.")]
AsOf = Annotated[str | None, typer.Option("--as-of", help="Date such as 2026-10-01; the newest one by default.")]
Language = Annotated[str, typer.Option("--lang", help="en or ja.")]


@app.command()
def demo(
    config: ConfigFile = None,
    tables: TablesPlace = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Output folder; out/demo for the sample.")
    ] = None,
) -> None:
    """Run the whole way once: check, train, score, report. On the sample, or on tables of your own."""
    from cs_ml.pipeline import demo as steps

    given = config or tables
    chosen = _config(config, tables, output) if given else steps.sample_config(output or Path("out/demo"))
    with _progress() as say:
        ran = steps.run(chosen, progress=say)
    _tell(*steps.describe(ran, chosen))


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = DEFAULT_CONFIG,
    lang: Language = "en",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a commented config for tables of your own, and its schema for editors."""
    from cs_ml.pipeline.start import write_config

    _tell(*(f"wrote {written}" for written in write_config(path, lang, replace=force)))


@app.command()
def check(config: ConfigFile = None, tables: TablesPlace = None, output: Output = None) -> None:
    """Check the source tables; rejected rows go to quarantine/ in the output folder."""
    from cs_ml.pipeline.checking import describe_check

    with _progress() as say:
        say("checking tables")
        lines, faults = describe_check(_config(config, tables, output))
    _tell(*lines)
    if faults:
        raise InputError(faults)


@app.command()
def snapshot(
    config: ConfigFile = None, tables: TablesPlace = None, output: Output = None,
    engine: Engine = None, master: Master = None,
) -> None:  # fmt: skip
    """Build features and labels of every date, and write them to snapshots.parquet and labels.parquet."""
    from cs_ml.pipeline.engines import moved, snapshot_step

    chosen = moved(_config(config, tables, output), engine, master)
    with _progress() as say:
        written = snapshot_step(chosen)(chosen, progress=say)
    _tell(*(f"wrote {path}" for path in written))


@app.command()
def train(
    config: ConfigFile = None, tables: TablesPlace = None, output: Output = None,
    engine: Engine = None, master: Master = None,
) -> None:  # fmt: skip
    """Learn models and health score, test them on later dates, record the run, register the bundle."""
    from cs_ml.pipeline import record
    from cs_ml.pipeline import train as steps
    from cs_ml.pipeline.engines import moved

    chosen = moved(_config(config, tables, output), engine, master)
    with _progress() as say:
        trained = steps.train(chosen, progress=say)
        place = steps.save(trained, chosen)
        say("recording the run")
        where = record.record(trained, chosen)
    _tell(*steps.describe(trained), f"bundle {trained.bundle.version} in {place}", f"run recorded in {where}")


@app.command()
def evaluate(config: ConfigFile = None, tables: TablesPlace = None, output: Output = None) -> None:
    """Show how good the trained models are out of time, beside the baselines."""
    from cs_ml.pipeline import evaluate as steps
    from cs_ml.pipeline import score

    _tell(*steps.describe_bundle(score.load_bundle(_config(config, tables, output))))


@app.command()
def score(
    config: ConfigFile = None,
    tables: TablesPlace = None,
    output: Output = None,
    as_of: AsOf = None,
    engine: Engine = None,
    master: Master = None,
) -> None:
    """Score every account of one date, and write scores and drivers."""
    from cs_ml.pipeline.engines import moved, score_step

    chosen = moved(_config(config, tables, output), engine, master)
    with _progress() as say:
        lines, place = score_step(chosen)(chosen, _date(as_of), progress=say)
    _tell(*lines, f"wrote {place}")


@app.command()
def explain(
    account: Annotated[str, typer.Argument(help="Account id.")],
    config: ConfigFile = None,
    tables: TablesPlace = None,
    output: Output = None,
    as_of: AsOf = None,
    lang: Annotated[str | None, typer.Option("--lang", help="en or ja; that of the book by default.")] = None,
) -> None:
    """Say why one account is scored as it is; the reasons add up to the score."""
    from cs_ml.pipeline import explain as steps

    chosen = _config(config, tables, output)
    with _progress() as say:
        lines = steps.explain(chosen, account, _date(as_of), lang=lang or chosen.book.language, progress=say)
    _tell(*lines)


@app.command()
def report(
    config: ConfigFile = None,
    tables: TablesPlace = None,
    output: Output = None,
    as_of: AsOf = None,
    account: Annotated[
        list[str] | None, typer.Option("--account", help="Write the page of this account; repeatable.")
    ] = None,
) -> None:
    """Write the portfolio page, account pages and model cards."""
    from cs_ml.pipeline import pages
    from cs_ml.pipeline import score as steps

    chosen = _config(config, tables, output)
    with _progress() as say:
        bundle = steps.load_bundle(chosen)
        scored = steps.score(chosen, _date(as_of), bundle=bundle, progress=say)
        say("writing pages")
        written = pages.write_pages(chosen, scored, bundle, account)
    _tell(f"wrote {len(written)} pages", f"open {written[0]}")


@app.command()
def kpi(
    config: ConfigFile = None,
    tables: TablesPlace = None,
    output: Output = None,
    since: Annotated[str | None, typer.Option("--from", help="First day; a year before the end by default.")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Day after the last; the end of the data.")] = None,
    every: Annotated[str | None, typer.Option("--every", help="day, week, month, quarter, half, year.")] = None,
    by: Annotated[
        list[str] | None, typer.Option("--by", help="segment, plan, csm, region, cohort, product; repeatable.")
    ] = None,
    known: Annotated[str, typer.Option("--known", help="now, then (at the end of each period), or a date.")] = "now",
    lang: Annotated[str | None, typer.Option("--lang", help="en or ja; that of the book by default.")] = None,
    show: Annotated[bool, typer.Option("--list", help="List every KPI in English and Japanese.")] = False,
) -> None:
    """Count KPIs by period and group, and write them as CSV, Parquet and HTML."""
    from cs_ml.pipeline import kpi as steps

    if show:
        _tell(*steps.list_kpis())
        return
    chosen = _config(config, tables, output)
    first, last = _date(since, "--from"), _date(until, "--to")
    with _progress() as say:
        counted = steps.count_kpis(chosen, first, last, every=every, by=by, known=known, progress=say)  # type: ignore[arg-type]
        say("writing")
        written = steps.write_kpis(counted, chosen)
    _tell(*steps.describe_kpis(counted, lang or chosen.book.language), *(f"wrote {path}" for path in written))


@app.command()
def measures(word: Annotated[str | None, typer.Argument(help="Show only what this word finds.")] = None) -> None:
    """List the measures that health scores can be made of, in English and Japanese."""
    from cs_ml.pipeline.measures import list_measures

    _tell(*list_measures(word))


@app.command()
def audit(
    config: ConfigFile = None,
    tables: TablesPlace = None,
    output: Output = None,
    dates: Annotated[int, typer.Option("--dates", help="How many dates to audit.")] = 3,
    accounts: Annotated[int, typer.Option("--accounts", help="How many accounts to draw.")] = 200,
) -> None:
    """Change the future of the tables in four ways and see whether any feature moves; exit code 1 on a leak."""
    from cs_ml.pipeline import auditing

    with _progress() as say:
        lines, clean = auditing.run_audit(_config(config, tables, output), dates=dates, accounts=accounts, progress=say)
    _tell(*lines)
    if not clean:
        raise typer.Exit(1)


def main() -> None:
    """Run the command; every error that we foresee is one message and exit code 2."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads burn four times the work
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Japanese is no reason to fail
    try:
        code = app(standalone_mode=False)
    except CsMlError as error:
        _fail(str(error), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001  whatever it is, the user gets a message
        _unforeseen(error)
    if code == INTERRUPTED:
        _fail("interrupted; nothing was left half written", INTERRUPTED)
    sys.exit(code or 0)


def _unforeseen(error: Exception) -> None:
    """Tell the user what a library could not do; a defect of ours is named as one."""
    from cs_ml.pipeline.foreseen import foreseen

    click_code = getattr(error, "exit_code", None)
    if click_code is not None and hasattr(error, "format_message"):
        _fail(f"{error.format_message() or 'expected a command, found none'}; see cs-ml --help", int(click_code))
    if (message := foreseen(error)) is not None:
        _fail(message, 2)
    if os.environ.get("CS_ML_DEBUG"):
        raise error
    _fail(
        f"a defect of ours: {type(error).__name__}: {error}\nset CS_ML_DEBUG=1 to see where, and please report it", 70
    )


def _fail(message: str, code: int) -> None:
    sys.stderr.write(f"error: {message}\n")
    sys.exit(code)


def _tell(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")


def _config(path: Path | None, tables: Path | None, output: Path | None) -> Config:
    """Return the config of a file, or the default one of a folder of tables."""
    from cs_ml.config import default_config, load_config

    if path is not None and tables is not None:
        raise InputError("expected --config or --tables, found both; a config names its own tables")
    if tables is not None:
        return default_config(tables, output or Path("out"))
    if path is None and not DEFAULT_CONFIG.is_file():
        raise InputError(
            "expected --config FILE, --tables FOLDER or a file cs_ml.yaml here, found none; `cs-ml init` writes one"
        )
    config = load_config(path or DEFAULT_CONFIG)
    if output is None:
        return config
    return config.model_copy(update={"output": config.output.model_copy(update={"folder": output.absolute()})})


def _date(text: str | None, option: str = "--as-of") -> Any:
    from datetime import date

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{option}: expected a date such as 2026-10-01, found {text!r}") from error


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show what is being done on a terminal; say nothing in a job."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as status:
        yield status.update
