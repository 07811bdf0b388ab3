"""One command a word of the pipeline.

Nothing heavy is imported before a command runs, so ``cs-ml --help`` answers at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cs_ml.cli.given import (
    DEFAULT_CONFIG,
    AsOf,
    ConfigFile,
    Engine,
    Language,
    Master,
    Output,
    TablesPlace,
    config_of,
    date_of,
)  # fmt: skip
from cs_ml.cli.screen import progress, tell
from cs_ml.errors import InputError

__all__ = ["app"]

CODES = (
    "Exit codes: 0 done; 1 a check did not hold; 2 something given cannot be used; "
    "130 interrupted; 70 a defect of ours."
)
app = typer.Typer(
    name="cs-ml", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, epilog=CODES,
    help="Churn and upsell probabilities, a health score with a stated meaning, and reasons that add up.",
)  # fmt: skip


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
    chosen = config_of(config, tables, output) if given else steps.sample_config(output or Path("out/demo"))
    with progress() as say:
        ran = steps.run(chosen, progress=say)
    tell(*steps.describe(ran, chosen))


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = DEFAULT_CONFIG,
    lang: Language = "en",
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a commented config for tables of your own, and its schema for editors."""
    from cs_ml.pipeline.start import write_config

    tell(*(f"wrote {written}" for written in write_config(path, lang, replace=force)))


@app.command()
def check(config: ConfigFile = None, tables: TablesPlace = None, output: Output = None) -> None:
    """Check the source tables; rejected rows go to quarantine/ in the output folder."""
    from cs_ml.pipeline.checking import describe_check

    with progress() as say:
        say("checking tables")
        lines, faults = describe_check(config_of(config, tables, output))
    tell(*lines)
    if faults:
        raise InputError(faults)


@app.command()
def snapshot(
    config: ConfigFile = None, tables: TablesPlace = None, output: Output = None,
    engine: Engine = None, master: Master = None,
) -> None:  # fmt: skip
    """Build features and labels of every date, and write them to snapshots.parquet and labels.parquet."""
    from cs_ml.pipeline.engines import moved, snapshot_step

    chosen = moved(config_of(config, tables, output), engine, master)
    with progress() as say:
        written = snapshot_step(chosen)(chosen, progress=say)
    tell(*(f"wrote {path}" for path in written))


@app.command()
def train(
    config: ConfigFile = None, tables: TablesPlace = None, output: Output = None,
    engine: Engine = None, master: Master = None,
) -> None:  # fmt: skip
    """Learn models and health score, test them on later dates, record the run, register the bundle."""
    from cs_ml.pipeline import record
    from cs_ml.pipeline import train as steps
    from cs_ml.pipeline.engines import moved

    chosen = moved(config_of(config, tables, output), engine, master)
    with progress() as say:
        trained = steps.train(chosen, progress=say)
        place = steps.save(trained, chosen)
        say("recording the run")
        where = record.record(trained, chosen)
    tell(*steps.describe(trained), f"bundle {trained.bundle.version} in {place}", f"run recorded in {where}")


@app.command()
def evaluate(config: ConfigFile = None, tables: TablesPlace = None, output: Output = None) -> None:
    """Show how good the trained models are out of time, beside the baselines."""
    from cs_ml.pipeline import evaluate as steps
    from cs_ml.pipeline import score

    tell(*steps.describe_bundle(score.load_bundle(config_of(config, tables, output))))


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

    chosen = moved(config_of(config, tables, output), engine, master)
    with progress() as say:
        lines, place = score_step(chosen)(chosen, date_of(as_of), progress=say)
    tell(*lines, f"wrote {place}")


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

    chosen = config_of(config, tables, output)
    with progress() as say:
        lines = steps.explain(chosen, account, date_of(as_of), lang=lang or chosen.book.language, progress=say)
    tell(*lines)


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

    chosen = config_of(config, tables, output)
    with progress() as say:
        bundle = steps.load_bundle(chosen)
        scored = steps.score(chosen, date_of(as_of), bundle=bundle, progress=say)
        say("writing pages")
        written = pages.write_pages(chosen, scored, bundle, account)
    tell(f"wrote {len(written)} pages", f"open {written[0]}")


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
        tell(*steps.list_kpis())
        return
    chosen = config_of(config, tables, output)
    first, last = date_of(since, "--from"), date_of(until, "--to")
    with progress() as say:
        counted = steps.count_kpis(chosen, first, last, every=every, by=by, known=known, progress=say)  # type: ignore[arg-type]
        say("writing")
        written = steps.write_kpis(counted, chosen)
    tell(*steps.describe_kpis(counted, lang or chosen.book.language), *(f"wrote {path}" for path in written))


@app.command()
def measures(word: Annotated[str | None, typer.Argument(help="Show only what this word finds.")] = None) -> None:
    """List the measures of the package that health scores can be made of, in English and Japanese."""
    from cs_ml.pipeline.measures import list_measures

    tell(*list_measures(word))


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

    with progress() as say:
        lines, clean = auditing.run_audit(
            config_of(config, tables, output), dates=dates, accounts=accounts, progress=say
        )
    tell(*lines)
    if not clean:
        raise typer.Exit(1)
