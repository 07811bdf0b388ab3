"""What features and measures are called by people."""

from __future__ import annotations

from cs_ml.pipeline.fitted import Fitted

__all__ = ["names_of"]


def names_of(fitted: Fitted, lang: str) -> dict[str, str]:
    """Return the labels of features, and of the measures of the scorecard, in a language.

    Parameters
    ----------
    fitted
        What was learned.
    lang
        ``en`` or ``ja``.
    """
    label = f"label_{lang}"
    features = {str(name): str(text) for name, text in fitted.catalog[label].items()}
    if fitted.health is None:
        return features
    learned = (*fitted.health.segments_.values(), fitted.health.learned_)
    measures = [measure for part in learned for measure in part.typical.scorecard.measures]
    named = {
        measure.name: getattr(measure, label) or features.get(measure.feature, measure.name) for measure in measures
    }
    return features | named
