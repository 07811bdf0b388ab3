"""What happened next: leaving, renewing, buying more or less, falling silent, labels of one's own; with states."""

from cs_ml.labels.activity import GrowthLabeler, InactivityLabeler
from cs_ml.labels.churn import ChurnLabeler, episodes
from cs_ml.labels.cross_sell import CrossSellLabeler
from cs_ml.labels.downsell import DownsellLabeler
from cs_ml.labels.duration import StayLabeler
from cs_ml.labels.own import FunctionLabeler, TableLabeler, own_labels
from cs_ml.labels.renewal import NonRenewalLabeler
from cs_ml.labels.state import Horizon, Labeler, SelectiveLabeler, count_states, label_frame
from cs_ml.labels.upsell import UpsellLabeler

__all__ = [
    "ChurnLabeler", "CrossSellLabeler", "DownsellLabeler", "FunctionLabeler", "GrowthLabeler", "Horizon",
    "InactivityLabeler", "Labeler", "NonRenewalLabeler", "SelectiveLabeler", "StayLabeler", "TableLabeler",
    "UpsellLabeler", "count_states", "episodes", "label_frame", "own_labels",
]  # fmt: skip
