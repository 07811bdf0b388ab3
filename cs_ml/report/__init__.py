"""What we tell: the portfolio, an account, a model, each one self-contained HTML file in English or Japanese."""

from __future__ import annotations

from cs_ml.report.account import AccountReport
from cs_ml.report.model import ModelReport
from cs_ml.report.portfolio import PortfolioReport
from cs_ml.report.words import LANGUAGES, Words

__all__ = ["LANGUAGES", "AccountReport", "ModelReport", "PortfolioReport", "Words"]
