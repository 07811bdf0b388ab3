"""The exact probabilities behind the outcomes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cs_ml.simulate.cast import Cast
from cs_ml.simulate.frames import Bools, Floats, Ints, Table, coded
from cs_ml.simulate.life import COOLDOWN, VOLUNTARY
from cs_ml.simulate.odds import INVOLUNTARY_HAZARD
from cs_ml.simulate.profile import Profile

__all__ = ["HORIZON", "latent_table", "probabilities", "probability_table"]

HORIZON = 3  # months of decisions inside 90 days: all days are 2 to 28, so exactly three fall into any as_of + 90 d


class Probabilities(NamedTuple):
    """Truth for one as_of, each of shape (BLOCK,).

    Attributes
    ----------
    churn, upsell
        Probabilities of the next 90 days, given the latent states and whether notice was given.
    churn_before_notice
        The same for churn without knowing about notice: one minus the product of monthly survivals.
    noticed
        Whether notice of the end was given before the as_of.
    """

    churn: Floats
    upsell: Floats
    churn_before_notice: Floats
    noticed: Bools


def probabilities(cast: Cast, month: int) -> Probabilities:
    """Return the exact probabilities at the start of a month.

    Parameters
    ----------
    cast
        The accounts.
    month
        Month position of the as_of, at least the first of the logs.

    Returns
    -------
    Probabilities
        For all accounts of the block; of meaning only for those under contract.

    Notes
    -----
    Let v be the monthly probability of a voluntary and w of an involuntary end, S the survival so far, N the days of
    notice. Churn is the sum of S (w + v); the part q of it that had been noticed already is the sum of S v P(N > days
    to the end). An account without notice churns with (churn - q) / (1 - q), by Bayes; with notice, with 1.
    An upsell ends the path that leads to it, so it is the sum over months of P(no change so far) (1 - w - v) g.
    """
    block, profile, life = cast.block, cast.profile, cast.life
    involuntary = 0.0 if block.config.noise_only else INVOLUNTARY_HAZARD
    as_of = block.axis.dates(month)
    alive = path = np.ones(len(profile.day))
    churn, known, upsell = (np.zeros(len(profile.day)) for _ in range(3))
    for step in range(HORIZON):
        at = month + step
        voluntary = (1 - involuntary) * life.leave[:, at]
        stays = 1 - involuntary - voluntary
        days = (block.axis.dates(at, profile.day) - as_of).astype("timedelta64[D]").astype(np.int64)
        churn = churn + alive * (1 - stays)
        known = known + alive * voluntary * _lead_above(profile, days)
        free = (life.change[:, at - COOLDOWN : month] == 0).all(axis=1) | block.config.noise_only
        grow, shrink = free * life.grow[:, at], free * life.shrink[:, at]
        upsell = upsell + path * stays * grow
        alive, path = alive * stays, path * stays * (1 - grow) * (1 - shrink)
    noticed = _noticed(cast, month)
    return Probabilities(
        churn=np.where(noticed, 1.0, (churn - known) / (1 - known)),
        upsell=np.where(noticed, 0.0, upsell / (1 - known)),
        churn_before_notice=churn,
        noticed=noticed,
    )


def probability_table(cast: Cast) -> Table:
    """Return truth and outcome for every account under contract at every month start.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``churn_probability.parquet``.
    """
    axis, life = cast.block.axis, cast.life
    months = range(axis.first, axis.last + 1)
    truth = [probabilities(cast, month) for month in months]
    account, step = np.nonzero(life.alive[:, axis.first - 1 : axis.last])

    def column(columns: list[Any]) -> Any:
        return np.stack(columns, axis=1)[account, step]

    return {
        "account_id": coded(account, cast.block.ids),
        "as_of": axis.dates(axis.first + step),
        "p_churn_90d": column([each.churn for each in truth]),
        "p_upsell_90d": column([each.upsell for each in truth]),
        "p_churn_90d_before_notice": column([each.churn_before_notice for each in truth]),
        "noticed": column([each.noticed for each in truth]),
        "churned": column([(life.churn[:, month : month + HORIZON] > 0).any(axis=1) for month in months]),
        "upsold": column([(life.change[:, month : month + HORIZON] > 0).any(axis=1) for month in months]),
    }


def latent_table(cast: Cast) -> Table:
    """Return the latent states of every account under contract, by month.

    Parameters
    ----------
    cast
        The accounts.

    Returns
    -------
    dict
        Columns of ``latents.parquet``; the state of a month holds for the whole of it.
    """
    axis, latents, life = cast.block.axis, cast.latents, cast.life
    account, month = np.nonzero(life.alive[:, axis.first : axis.last])
    at = account, month + axis.first
    names = ("adoption", "trend", "satisfaction", "support", "interest")
    states = {name: getattr(latents, name)[at].astype(np.float32) for name in names}
    return {
        "account_id": coded(account, cast.block.ids),
        "month": axis.dates(at[1]),
        **states,
        "champion_lost": latents.champion_lost[at],
        "utilisation": life.utilisation[at].astype(np.float32),
        "seats": life.seats[at],
    }


def _lead_above(profile: Profile, days: Ints) -> Floats:
    """Probability that more than so many days of notice are given."""
    low, high = profile.notice_low, profile.notice_high
    return np.clip((high - np.maximum(days, low - 1)) / (high - low + 1), 0.0, 1.0)


def _noticed(cast: Cast, month: int) -> Bools:
    """Whether the end of the running relation falls into the horizon and was announced before the as_of."""
    axis, profile, life = cast.block.axis, cast.profile, cast.life
    noticed = np.zeros(len(profile.day), dtype=bool)
    for at in range(month, month + HORIZON):
        days = (axis.dates(at, profile.day) - axis.dates(month)).astype("timedelta64[D]").astype(np.int64)
        noticed |= (life.churn[:, at] == VOLUNTARY) & (life.lead[:, at] > days)
    return noticed
