"""What we knew: one builder a source table, each feature described in English and Japanese."""

from cs_ml.features.accounts import AccountsBuilder
from cs_ml.features.audit import Audit, audit
from cs_ml.features.billing import BillingBuilder
from cs_ml.features.contracts import ContractsBuilder
from cs_ml.features.deals import DealsBuilder
from cs_ml.features.entitlements import EntitlementsBuilder
from cs_ml.features.family import FamilyBuilder
from cs_ml.features.feature import Feature, catalog_frame
from cs_ml.features.marketing import MarketingBuilder
from cs_ml.features.onboarding import OnboardingBuilder
from cs_ml.features.own import OwnFeature
from cs_ml.features.own_builders import as_builders
from cs_ml.features.own_load import load_builders
from cs_ml.features.sentiment import SentimentBuilder
from cs_ml.features.snapshot import FeatureBuilder, SnapshotBuilder, default_builders
from cs_ml.features.support import SupportBuilder
from cs_ml.features.surveys import SurveysBuilder
from cs_ml.features.topic_words import Topics, default_topics, load_topics
from cs_ml.features.topics import TopicsBuilder
from cs_ml.features.usage import UsageBuilder
from cs_ml.features.usage_breadth import BreadthBuilder
from cs_ml.features.usage_choice import UsageChoice, choose_usage, top_features
from cs_ml.features.usage_features import FeatureUsageBuilder
from cs_ml.features.usage_habits import HabitsBuilder
from cs_ml.features.usage_roles import RoleUsageBuilder
from cs_ml.features.users import UsersBuilder
from cs_ml.features.utilisation import UtilisationBuilder
from cs_ml.features.voc import VocBuilder

__all__ = [
    "AccountsBuilder", "Audit", "BillingBuilder", "BreadthBuilder", "ContractsBuilder", "DealsBuilder",
    "EntitlementsBuilder", "FamilyBuilder", "Feature", "FeatureBuilder", "FeatureUsageBuilder", "HabitsBuilder",
    "MarketingBuilder", "OnboardingBuilder", "OwnFeature", "RoleUsageBuilder", "SentimentBuilder",
    "SnapshotBuilder", "SupportBuilder", "SurveysBuilder", "Topics", "TopicsBuilder", "UsageBuilder", "UsageChoice",
    "UsersBuilder", "UtilisationBuilder", "VocBuilder", "as_builders", "audit", "catalog_frame", "choose_usage",
    "default_builders", "default_topics", "load_builders", "load_topics", "top_features",
]  # fmt: skip
