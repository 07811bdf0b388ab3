"""One block of accounts with all that is true of it: what every maker of rows reads."""

from __future__ import annotations

from dataclasses import dataclass

from cs_ml.simulate.config import WorldConfig
from cs_ml.simulate.frames import Block
from cs_ml.simulate.latents import Latents
from cs_ml.simulate.life import Life
from cs_ml.simulate.people import Users
from cs_ml.simulate.plays import Plays
from cs_ml.simulate.profile import Profile

__all__ = ["Cast"]


@dataclass(frozen=True)
class Cast:
    """Accounts of one block: who they are, what moved them, what they did.

    Parameters
    ----------
    block, profile, latents, plays, life, users
        The parts, each described by its own class.
    """

    block: Block
    profile: Profile
    latents: Latents
    plays: Plays
    life: Life
    users: Users

    @classmethod
    def of(cls, config: WorldConfig, number: int) -> Cast:
        """Let the accounts of one block live.

        Parameters
        ----------
        config
            The world.
        number
            Position of the block, from 0.

        Returns
        -------
        Cast
            The block, lived.

        Examples
        --------
        >>> Cast.of(WorldConfig(), 0).block.ids[3]
        'A000003'
        """
        block = Block(config, number)
        profile = Profile.draw(block)
        latents = Latents.draw(block, profile)
        plays = Plays.draw(block, latents)
        life = Life.live(block, profile, latents, plays)
        return cls(block, profile, latents, plays, life, Users.of(latents, life))
