"""What churn and upsell really depend on in the simulated world."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DRIVERS", "LAG", "Driver"]

LAG = 3  # months between a latent state and the decisions it moves: an as_of knows all decisions of its next 90 days


@dataclass(frozen=True)
class Driver:
    """One cause of churn or upsell.

    Parameters
    ----------
    name
        Name of the latent signal.
    churn, upsell
        Change of the monthly log-odds per unit of the signal.
    lag_months
        Months from the signal to the decision it moves: three for what moves by chance, zero for what the
        calendar and the contract fix beforehand.
    unit
        Unit of the signal.
    features
        Features through which it can be seen.
    tables
        Source tables that carry it.

    Examples
    --------
    >>> Driver("adoption", churn=-0.9).lag_months
    3
    """

    name: str
    churn: float = 0.0
    upsell: float = 0.0
    lag_months: int = LAG
    unit: str = "standard deviations"
    features: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


DRIVERS: tuple[Driver, ...] = (
    Driver(
        "adoption",
        churn=-0.7,
        upsell=0.25,
        features=(
            "usage_seats_utilisation_30d",
            "usage_logins_rate_30d",
            "usage_logins_frequency_30d",
            "usage_logins_count_30d",
            "usage_logins_days_30d",
            "usage_events_count_30d",
            "usage_events_count_90d",
            "usage_events_count_180d",
            "usage_quantity_sum_90d",
            "usage_users_distinct_30d",
            "usage_users_distinct_90d",
            "usage_days_distinct_30d",
            "usage_days_distinct_90d",
            "usage_features_distinct_90d",
            "usage_features_share_30d",
            "usage_user_distinct_30d",
            "usage_level_current",
            "usage_gap_mean_180d",
            "usage_gap_longest_180d",
            "entitlements_used_share_90d",
            "entitlements_used_share_30d",
            "entitlements_never_used_count",
        ),
        tables=("usage", "contracts", "entitlements"),
    ),
    Driver(
        "trend",
        churn=-0.4,
        upsell=0.1,
        features=(
            "usage_users_change_30d",
            "usage_events_slope_180d",
            "usage_events_change_30d",
            "usage_level_change_90d",
            "usage_days_shift_182d",
            "usage_gap_current_ratio_180d",
            "usage_silence_share",
            "usage_events_recency",
        ),
        tables=("usage",),
    ),
    Driver(
        "satisfaction",
        churn=-0.55,
        upsell=0.15,
        features=(
            "nps_score_mean_365d",
            "nps_score_latest",
            "voc_negative_share_180d",
            "voc_sentiment_mean_180d",
            "voc_sentiment_latest",
            "voc_user_sentiment_mean_180d",
            "voc_decision_maker_sentiment_mean_180d",
            "voc_comments_text_180d",
            "csat_score_mean_365d",
            "sentiment_level_latest",
            "nps_response_rate_365d",
        ),
        tables=("surveys", "voc", "sentiment"),
    ),
    Driver(
        "support",
        churn=0.2,
        features=(
            "tickets_opened_count_90d",
            "tickets_opened_count_180d",
            "tickets_open_age_max",
            "tickets_severe_count_90d",
            "tickets_response_hours_180d",
            "tickets_resolution_hours_180d",
            "tickets_reopened_share_180d",
            "csat_score_mean_365d",
            "csat_score_latest",
        ),
        tables=("tickets",),
    ),
    Driver(
        "champion_lost",
        churn=0.8,
        unit="flag, six months",
        features=(
            "users_champions_lost_count_180d",
            "users_key_people_left_recency",
            "users_champions_count",
            "usage_champion_recency",
            "voc_decision_maker_recency",
        ),
        tables=("users", "voc"),
    ),
    Driver(
        "tenure",
        churn=-0.3,
        lag_months=0,
        unit="log(1 + months) - 2.5",
        features=("contracts_tenure_days", "accounts_age_days", "contracts_renewals_count"),
        tables=("contracts",),
    ),
    Driver(
        "renewal",
        churn=1.8,
        lag_months=0,
        unit="flag, the end of an annual term",
        features=(
            "contracts_term_days_to_end",
            "contracts_renewals_due_90d",
            "contracts_term_months",
            "contracts_notice_days_current",
        ),
        tables=("contracts",),
    ),
    Driver(
        "small_business",
        churn=0.3,
        lag_months=0,
        unit="flag",
        features=("accounts_segment_current", "accounts_employees_current", "contracts_seats_current"),
        tables=("accounts",),
    ),
    Driver(
        "price_rise",
        churn=0.4,
        lag_months=0,
        unit="flag, first term ends at the new price",
        features=(
            "contracts_mrr_change_90d",
            "contracts_mrr_rise_recency",
            "contracts_mrr_rises_count",
            "contracts_mrr_change_365d",
        ),
        tables=("contracts",),
    ),
    Driver(
        "fullness",
        upsell=0.8,
        unit="(share of seats in use - 0.6) / 0.2",
        features=("usage_seats_utilisation_30d", "usage_logins_rate_30d"),
        tables=("usage", "contracts"),
    ),
    Driver(
        "interest",
        upsell=0.4,
        features=(
            "marketing_other_products_count_90d",
            "marketing_other_products_count_365d",
            "marketing_other_products_recency",
        ),
        tables=("marketing",),
    ),
)
