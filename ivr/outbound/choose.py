"""Whose turn it is: several campaigns side by side. Pure."""

from collections.abc import Iterable, Mapping

from ivr.outbound.model import Campaign, Urgency
from ivr.outbound.windows import Window

_RANK = {Urgency.URGENT: 0, Urgency.NORMAL: 1, Urgency.SURVEY: 2}


def may_dial(campaign: Campaign, window: Window, at: float) -> bool:
    """Only the urgent may leave the daily window, and only by permission."""
    if not campaign.not_before <= at < campaign.not_after:
        return False
    free = campaign.outside_window and campaign.urgency is Urgency.URGENT
    return free or window.contains(at)


def in_turn(
    campaigns: Iterable[Campaign], live: Mapping[str, int], last: Mapping[str, float]
) -> list[Campaign]:
    """The more urgent first; among equals the one with fewest calls in progress
    (`live`, by id), then the one that has waited longest since its last call."""
    return sorted(
        campaigns,
        key=lambda each: (
            _RANK[each.urgency], live.get(each.id, 0), last.get(each.id, 0.0), each.created_at,
        ),
    )  # fmt: skip
