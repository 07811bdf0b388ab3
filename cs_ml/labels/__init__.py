"""What happened next: churn, upsell, inactivity, growth and the user's own labels, each with its state."""

from cs_ml.labels.activity import GrowthLabeler, InactivityLabeler
from cs_ml.labels.churn import ChurnLabeler, episodes
from cs_ml.labels.own import FunctionLabeler, TableLabeler, own_labels
from cs_ml.labels.state import Horizon, Labeler, count_states, label_frame
from cs_ml.labels.upsell import UpsellLabeler

__all__ = [
    "ChurnLabeler", "FunctionLabeler", "GrowthLabeler", "Horizon", "InactivityLabeler", "Labeler",
    "TableLabeler", "UpsellLabeler", "count_states", "episodes", "label_frame", "own_labels",
]  # fmt: skip
