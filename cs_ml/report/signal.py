"""What a reader must know first: for which targets the model found nothing to go by."""

from __future__ import annotations

from collections.abc import Mapping

from cs_ml.report.words import Words

__all__ = ["is_silent", "signal_notes"]

SIGNAL, NOT_KNOWABLE = "usable signal", "not knowable"


def is_silent(verdicts: Mapping[str, str], target: str) -> bool:
    """Tell whether a target was judged, and no usable signal was found.

    Examples
    --------
    >>> verdicts = {"churn": "no usable signal", "upsell": "usable signal"}
    >>> [is_silent(verdicts, target) for target in ("churn", "upsell", "growth")]
    [True, False, False]
    """
    return verdicts.get(target, SIGNAL) != SIGNAL


def signal_notes(verdicts: Mapping[str, str], words: Words) -> list[str]:
    """Return a sentence for each target without a usable signal.

    Parameters
    ----------
    verdicts
        ``usable signal``, ``no usable signal`` or ``not knowable`` by target.
    words
        Language.

    Examples
    --------
    >>> signal_notes({"churn": "not knowable", "upsell": "usable signal"}, Words("en"))[0][:24]
    'Churn: not knowable yet.'
    """
    return [
        words("not_knowable" if verdict == NOT_KNOWABLE else "no_signal", target=words.level(target))
        for target, verdict in verdicts.items()
        if is_silent(verdicts, target)
    ]
