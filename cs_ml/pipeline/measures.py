"""Lists the measures of health in two languages."""

from __future__ import annotations

from cs_ml.errors import Fault, InputError
from cs_ml.health.library import measure_catalog

__all__ = ["list_measures"]


def list_measures(find: str | None = None) -> list[str]:
    r"""Return lines of text that name every measure, or those that a word finds.

    Raises
    ------
    InputError
        If the word finds nothing.

    Examples
    --------
    >>> print(*list_measures("オンボーディング完了率"), sep="\n")
    measures of the health score (ヘルススコア); * is in the default scorecard, the others are there to copy
    * onboarding_completed: Share of onboarding steps completed | オンボーディング完了率
        onboarding, by knots of onboarding_completed_share; lever
        also: 早期定着化・ビジネス成果, early adoption, onboarding completion rate
    """
    table = measure_catalog(find)
    if table.empty:
        raise InputError(Fault("measures", "a word that a measure is known by", repr(find), hint="list all without it"))
    lines = ["measures of the health score (ヘルススコア); * is in the default scorecard, the others are there to copy"]
    for name, row in table.iterrows():
        mark = "*" if row["scorecard"] == "default" else "-"
        lines.append(f"{mark} {name}: {row['label_en']} | {row['label_ja']}")
        lines.append(f"    {row['dimension']}, by {row['rule']} of {row['feature']}; {row['role']}")
        lines += [f"    also: {row['terms']}"] if row["terms"] else []
    return lines
