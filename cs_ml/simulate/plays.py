"""Two playbooks tried at random: one works, one only moves the number it targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cs_ml.simulate.drivers import LAG
from cs_ml.simulate.frames import BLOCK, Block, Bools, Floats, Table, coded
from cs_ml.simulate.latents import Latents

__all__ = ["PLAYS", "Plays"]

PLAYS = ("adoption_review", "login_nudge")
EFFECT_MONTHS = 6
NUDGE_MONTHS, NUDGE_FACTOR = 2, 1.5  # the nudge raises logins so much for so long, and nothing else


@dataclass(frozen=True)
class Plays:
    """Who was eligible for a play, who got it, and what it does.

    Parameters
    ----------
    log_odds
        Change of the monthly log-odds of churn, shape (BLOCK, months).
    logins
        Factor on the days with a login, shape (BLOCK, months).
    assigned
        Month position in which each play was assigned; it is carried out ``LAG`` months later.
    eligible, treated
        Flags, shape (BLOCK, plays). Half of the eligible accounts, at random, are treated.
    """

    log_odds: Floats
    logins: Floats
    assigned: tuple[int, ...]
    eligible: Bools
    treated: Bools

    @classmethod
    def draw(cls, block: Block, latents: Latents) -> Plays:
        """Assign both plays among the accounts whose adoption was below average.

        Parameters
        ----------
        block
            The block.
        latents
            Its latent states.

        Returns
        -------
        Plays
            Assignments and effects.

        Examples
        --------
        >>> from cs_ml.simulate.config import WorldConfig
        >>> from cs_ml.simulate.profile import Profile
        >>> block = Block(WorldConfig(), 0)
        >>> plays = Plays.draw(block, Latents.draw(block, Profile.draw(block)))
        >>> bool((plays.treated <= plays.eligible).all())
        True
        """
        axis, config = block.axis, block.config
        assigned = tuple(axis.first + config.months * part // 12 for part in (5, 7))
        eligible = np.column_stack([latents.adoption[:, month - 1] < 0 for month in assigned])
        treated = eligible & (block.random("plays").random((BLOCK, len(PLAYS))) < 0.5)
        review, nudge = (
            _span(axis.size, month + LAG, length)
            for month, length in zip(assigned, (EFFECT_MONTHS, NUDGE_MONTHS), strict=True)
        )
        effect = 0.0 if config.noise_only else config.playbook_effect
        return cls(
            log_odds=effect * treated[:, :1] * review,
            logins=1 + (NUDGE_FACTOR - 1) * treated[:, 1:] * nudge,
            assigned=assigned,
            eligible=eligible,
            treated=treated,
        )

    def table(self, block: Block, alive: Bools) -> Table:
        """Return who was assigned what, with the true effect.

        Parameters
        ----------
        block
            The block.
        alive
            Under contract after each month, shape (BLOCK, months).

        Returns
        -------
        dict
            Columns of ``effects.parquet``; accounts under contract when the play was assigned.
        """
        at = np.array(self.assigned)
        account, play = np.nonzero(self.eligible & alive[:, at - 1])
        treated = self.treated[account, play]
        effect = 0.0 if block.config.noise_only else block.config.playbook_effect
        return {
            "account_id": coded(account, block.ids),
            "play": coded(play, PLAYS),
            "assigned_at": block.axis.dates(at[play]),
            "treated_at": block.axis.dates(at[play] + LAG),
            "effect_until": block.axis.dates(at[play] + LAG + EFFECT_MONTHS),
            "treated": treated,
            "log_odds": np.where(play == 0, effect, 0.0),
        }


def _span(months: int, first: int, length: int) -> Floats:
    month = np.arange(months)
    return ((month >= first) & (month < first + length)).astype(np.float64)
