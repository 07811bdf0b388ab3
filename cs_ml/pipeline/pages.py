"""Pages for people: the portfolio, one page an account, one card a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from cs_ml.bundle import Bundle
from cs_ml.config import Config
from cs_ml.errors import Fault, InputError
from cs_ml.models import PropensityClassifier
from cs_ml.pipeline.naming import names_of
from cs_ml.pipeline.opinions import opinions_of
from cs_ml.pipeline.page_rows import account_rows, attributes, evidence, versions
from cs_ml.pipeline.parents import family_table, parents_of
from cs_ml.pipeline.score import Scored
from cs_ml.report import AccountReport, ModelReport, PortfolioReport
from cs_ml.report.signal import is_silent
from cs_ml.store import make_folder, partition_dates, read_partition
from cs_ml.timeline import as_of_dates

__all__ = ["account_page", "published_scores", "write_pages"]

PAGES = 40


def write_pages(config: Config, scored: Scored, bundle: Bundle, accounts: Sequence[str] | None = None) -> list[Path]:
    """Write the portfolio, the pages of the accounts that matter most, and the model cards, in each language.

    Parameters
    ----------
    config
        Checked config.
    scored
        Scores and reasons of the newest date.
    bundle
        What scored them, with its evaluation.
    accounts
        Accounts to write a page for; the 40 with the highest risk times MRR where missing.

    Returns
    -------
    list of Path
        The portfolio of each language first.
    """
    folder = config.output.folder / "report"
    make_folder(folder)
    history = published_scores(config, scored)
    chosen = _foremost(scored, config) if accounts is None else list(accounts)
    _require_accounts(chosen, scored)
    named, rows = _named(history, scored, config), _rows_of(scored, chosen)
    verdicts = _verdicts(bundle, config)
    signal = not is_silent(verdicts, "churn")
    written = []
    for lang in config.languages:
        ending = "" if lang == config.languages[0] else f".{lang}"
        links = {account: f"accounts/{_file_name(number)}{ending}.html" for number, account in enumerate(chosen)}
        page = PortfolioReport(
            named, _shown_drivers(scored, config), links=links, lang=lang,
            reliability=_optional(bundle, "health_reliability"), metrics=_metrics(bundle, scored),
            coverage=None if scored.snapshot.tables is None else scored.snapshot.tables.summary().reset_index(),
            families=_families(scored), priority=scored.priority, capacity=config.priority.capacity,
            currency=config.book.currency, notes=[str(note) for note in bundle.metadata.get("notes", ())],
            horizon_days=_horizon(config), title=config.book.name, verdicts=verdicts,
        )  # fmt: skip
        written.append(page.save(folder / f"portfolio{ending}.html"))
        make_folder(folder / "accounts")
        for account, link in links.items():
            shown = _account_page(config, scored, account, named, rows[account], lang, signal=signal)
            written.append(shown.save(folder / link))
        for target, model in scored.fitted.models.items():
            written.append(
                model_card(config, scored, bundle, target, model, lang).save(folder / f"model_{target}{ending}.html")
            )
    return written


def account_page(config: Config, scored: Scored, account: str, history: pd.DataFrame, *, lang: str) -> AccountReport:
    """Return the page of one account.

    Raises
    ------
    InputError
        If the account was not scored.
    """
    _require_accounts([account], scored)
    named = _named(history, scored, config)
    return _account_page(config, scored, account, named, _rows_of(scored, [account])[account], lang)


def _account_page(
    config: Config,
    scored: Scored,
    account: str,
    named: pd.DataFrame,
    rows: Mapping[str, pd.DataFrame],
    lang: str,
    *,
    signal: bool = True,
) -> AccountReport:
    row = scored.scores.xs(account, level="account_id", drop_level=False).index[0]
    themes = {_role(target, config): frame.loc[row] for target, frame in scored.themes.items()}
    starts = {_role(target, config): float(start.loc[row]) for target, start in scored.starts.items()}
    shown: Any = {**evidence(rows, row[1]), "opinions": opinions_of(scored.snapshot.tables, scored.scores.loc[[row]])}
    described = attributes(rows)
    return AccountReport(
        account, named, name=str(described.pop("name", account)), facts=described or None,
        drivers=_shown_drivers(scored, config), themes=themes, starts=starts, lang=lang, horizon_days=_horizon(config),
        curve=_curve(scored, row), currency=config.book.currency, signal=signal, **shown,
    )  # fmt: skip


def _curve(scored: Scored, row: tuple[str, pd.Timestamp]) -> pd.DataFrame | None:
    """Return the survival curve of one account, where stays were learned."""
    survival = scored.fitted.survival
    return None if survival is None else survival.curve(scored.snapshot.X.loc[[row]], scored.scores.loc[[row]])


def model_card(
    config: Config, scored: Scored, bundle: Bundle, target: str, model: PropensityClassifier, lang: str
) -> ModelReport:
    """Return the card of one target's model."""
    facts = {
        name: bundle.metadata.get(name)
        for name in ("book", "accounts", "rows", "first_as_of", "last_as_of", "config_hash", "data_hash")
    }
    terms = model.contributions(scored.snapshot.X)[0]
    return ModelReport(
        metrics=_optional(bundle, f"{target}_metrics"), reliability=_optional(bundle, f"{target}_reliability"),
        report_card=_optional(bundle, f"{target}_report_card"), catalog=scored.fitted.catalog,
        importance=terms.abs().mean().sort_values(ascending=False),
        weights=_optional(bundle, "health_weights") if target == config.health.target else None,
        by_date=_optional(bundle, f"{target}_by_date"), alarms=_optional(bundle, f"{target}_alarms"),
        counts=bundle.metadata.get("counts", {}).get(target), base_rates=_optional(bundle, f"{target}_states"),
        facts={**facts, "target": target, "model_version": bundle.version},
        limits=[str(note) for note in bundle.metadata.get("notes", ())], lang=lang,
        measures=names_of(scored.fitted, lang), calibration=_optional(bundle, f"{target}_calibration"),
        checks=_optional(bundle, "health_checks") if target == config.health.target else None,
    )  # fmt: skip


def published_scores(config: Config, scored: Scored) -> pd.DataFrame:
    """Return the scores of every date that was published, this one included; newer dates are left out."""
    date = as_of_dates(scored.scores)[0]
    root = config.output.folder / "scores"
    older = (
        [read_partition(root, day) for day in partition_dates(root) if pd.Timestamp(day) < date]
        if root.is_dir()
        else []
    )
    indexed = [frame.assign(as_of=pd.to_datetime(frame["as_of"])).set_index(["account_id", "as_of"]) for frame in older]
    return pd.concat([*indexed, scored.scores])


def _families(scored: Scored) -> pd.DataFrame | None:
    found = parents_of(scored.snapshot.tables, scored.scores, scored.fitted.health)
    return None if found is None else family_table(*found)


def _foremost(scored: Scored, config: Config) -> list[str]:
    risk = scored.scores.get(f"p_{config.health.target}", pd.Series(0.0, index=scored.scores.index))
    loss = risk * scored.scores["mrr"].fillna(0.0) if "mrr" in scored.scores else risk
    first = loss.sort_values(ascending=False, kind="stable").head(PAGES)
    return [str(account) for account in first.index.get_level_values("account_id")]


def _require_accounts(accounts: Sequence[str], scored: Scored) -> None:
    known = set(scored.scores.index.get_level_values("account_id"))
    date = as_of_dates(scored.scores)[0].date()
    missing = [
        Fault(f"account {account}", f"a customer on {date}", "none", hint="check the id and the date")
        for account in accounts
        if account not in known
    ]
    if missing:
        raise InputError(missing)


def _file_name(number: int) -> str:
    return f"{number + 1:03d}"


def _role(target: str, config: Config) -> str:
    """Return the name under which reports know a target: churn is what health is against, upsell what grows."""
    if target == config.health.target:
        return "churn"
    growing = [name for name, label in config.labels.items() if label.kind in {"upsell", "growth"}]
    return "upsell" if growing[:1] == [target] else target


def _roles(config: Config) -> dict[str, str]:
    return {target: _role(target, config) for target in config.labels}


def _named(scores: pd.DataFrame, scored: Scored, config: Config) -> pd.DataFrame:
    """Give probabilities the names that reports know, and accounts their attributes."""
    renamed = scores.rename(columns={f"p_{target}": f"p_{role}" for target, role in _roles(config).items()})
    tables = scored.snapshot.tables
    if tables is None:
        return renamed
    rows = versions(tables, as_of_dates(scored.scores)[0])
    known = [name for name in ("name", "segment", "csm") if name in rows and name not in renamed]
    return renamed.join(rows[known], on="account_id")


def _shown_drivers(scored: Scored, config: Config) -> pd.DataFrame:
    return scored.drivers.assign(target=scored.drivers["target"].replace(_roles(config)))


def _metrics(bundle: Bundle, scored: Scored) -> pd.DataFrame | None:
    found = {target: _optional(bundle, f"{target}_metrics") for target in scored.fitted.models}
    named = [frame.assign(target=target) for target, frame in found.items() if frame is not None]
    return pd.concat(named, ignore_index=True) if named else None


def _optional(bundle: Bundle, name: str) -> pd.DataFrame | None:
    return bundle.table(name) if name in bundle.tables else None


def _verdicts(bundle: Bundle, config: Config) -> dict[str, str]:
    return {_role(target, config): verdict for target, verdict in bundle.metadata.get("verdicts", {}).items()}


def _horizon(config: Config) -> int:
    return (
        config.labels[config.health.target].horizon_days
        if config.health.target in config.labels
        else next(iter(config.labels.values())).horizon_days
    )


def _rows_of(scored: Scored, accounts: Sequence[str]) -> dict[str, dict[str, pd.DataFrame]]:
    """Return the rows of some accounts that a page of the scored date may show, by account and table."""
    return account_rows(scored.snapshot.tables, accounts, as_of_dates(scored.scores)[0])
