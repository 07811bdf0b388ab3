"""Why a score is what it is: contributions that add up, drivers beside typical values, reasons in two languages."""

from __future__ import annotations

from cs_ml.explain.contributions import AdditiveModel, Contributions, contributions, explanation
from cs_ml.explain.drivers import drivers
from cs_ml.explain.groups import by_measure, by_theme, described
from cs_ml.explain.leading import leading
from cs_ml.explain.phrases import ending, format_value, sentences
from cs_ml.explain.stability import stability
from cs_ml.explain.typical import TypicalValues

__all__ = [
    "AdditiveModel",
    "Contributions",
    "TypicalValues",
    "by_measure",
    "by_theme",
    "contributions",
    "described",
    "drivers",
    "ending",
    "explanation",
    "format_value",
    "leading",
    "sentences",
    "stability",
]
