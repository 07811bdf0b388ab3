"""Every KPI by name and definition, and what is asked for but is no KPI."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import pandas as pd

from cs_ml.errors import ConfigError, Fault
from cs_ml.kpis.customers import CUSTOMERS
from cs_ml.kpis.growth import GROWTH
from cs_ml.kpis.kpi import Kpi
from cs_ml.kpis.onboarding import ONBOARDING
from cs_ml.kpis.renewals import RENEWALS
from cs_ml.kpis.revenue import REVENUE
from cs_ml.kpis.support import SUPPORT
from cs_ml.kpis.usage import USAGE
from cs_ml.kpis.value import VALUE
from cs_ml.kpis.voice import VOICE

__all__ = ["ELSEWHERE", "KPIS", "choose_kpis", "kpi_catalog"]

KPIS: dict[str, Kpi] = {
    kpi.key: kpi for kpi in (*CUSTOMERS, *REVENUE, *RENEWALS, *GROWTH, *VALUE, *VOICE, *SUPPORT, *ONBOARDING, *USAGE)
}
ELSEWHERE = (
    ("health_score", "Health score", "ヘルススコア", "a score of accounts, not of the book: cs-ml score",
     "帳簿全体ではなく顧客ごとの指標。cs-ml scoreで計算"),
    ("goal_attainment", "Goal attainment of the customer", "顧客の目標達成",
     "cannot be judged without a goal that the customer stated; keep it as an attribute or a survey",
     "顧客が示した目標なしには判断できない。属性やアンケートとして記録する"),
)  # fmt: skip


def choose_kpis(names: Sequence[str] | None = None) -> list[Kpi]:
    """Return KPIs by ``name`` (all its definitions) or ``name/definition``; all of them where nothing is named.

    Raises
    ------
    ConfigError
        With every name that there is not, and the nearest one.

    Examples
    --------
    >>> [kpi.key for kpi in choose_kpis(["nrr", "mrr/lines"])]
    ['nrr/standard', 'mrr/lines']
    """
    if names is None:
        return list(KPIS.values())
    known = {kpi.name for kpi in KPIS.values()}
    unknown = [name for name in names if name not in known and name not in KPIS]
    if unknown:
        raise ConfigError([_unknown(name, [*known, *KPIS]) for name in unknown])
    return list(dict.fromkeys(kpi for name in names for kpi in KPIS.values() if name in (kpi.name, kpi.key)))


def kpi_catalog() -> pd.DataFrame:
    """Return one row a definition: labels and meanings in English and Japanese, unit, other names, what it needs.

    Examples
    --------
    >>> kpi_catalog().loc[("nrr", "standard"), "label_ja"]
    '売上維持率(NRR)'
    """
    rows = [
        (kpi.name, kpi.definition, kpi.unit, kpi.label_en, kpi.label_ja, kpi.meaning_en, kpi.meaning_ja, kpi.also,
         ", ".join(kpi.needs), kpi.by_product)
        for kpi in KPIS.values()
    ]  # fmt: skip
    columns = ["kpi", "definition", "unit", "label_en", "label_ja", "meaning_en", "meaning_ja", "also", "needs",
               "by_product"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns).set_index(["kpi", "definition"])


def _unknown(name: str, known: list[str]) -> Fault:
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "see cs-ml kpi --list"
    return Fault("kpi", "a KPI of the catalog", repr(name), hint=hint)
