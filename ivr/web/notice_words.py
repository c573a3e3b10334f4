"""The words of notices, as pages show them (PAGES.md), for the catalogue."""

from ivr.outbound.model import TOLD, CampaignState, Outcome, Urgency
from ivr.outbound.notice import NoticeError, NoticeKind, Phase
from ivr.outbound.notice_plan import Approval
from ivr.web import i18n
from ivr.web.i18n import N_

KINDS = {
    NoticeKind.WATER: N_("停水"),
    NoticeKind.POWER: N_("停电"),
    NoticeKind.GAS: N_("停气"),
    NoticeKind.LIFT: N_("电梯检修"),
    NoticeKind.PEST: N_("消杀"),
    NoticeKind.OTHER: N_("其他"),
}
PHASES = {
    Phase.OUTAGE: N_("通知"),
    Phase.CHANGED: N_("时间有变"),
    Phase.CANCELLED: N_("已取消停供"),
    Phase.RESTORED: N_("已恢复"),
}
STATES = {
    CampaignState.DRAFT: N_("待批准"),
    CampaignState.APPROVED: N_("待开始"),
    CampaignState.RUNNING: N_("进行中"),
    CampaignState.PAUSED: N_("已暂停"),
    CampaignState.DONE: N_("已完成"),
    CampaignState.CANCELLED: N_("已取消"),
}
STATE_CLASSES = {
    CampaignState.DRAFT: "risk",
    CampaignState.APPROVED: "calm",
    CampaignState.RUNNING: "ringing",
    CampaignState.PAUSED: "risk",
    CampaignState.DONE: "done",
    CampaignState.CANCELLED: "calm",
}
URGENCIES = {Urgency.URGENT: N_("紧急"), Urgency.NORMAL: N_("普通")}
APPROVALS = {
    Approval.MANY: N_("通知的户数超过 %(limit)d 户，须由第二个人批准后才能开始。"),
    Approval.OUTSIDE: N_("可能在时段外拨打，须由第二个人批准后才能开始。"),
}
OUTCOMES = {
    Outcome.CONFIRMED: N_("已确认"),
    Outcome.HEARD: N_("已收听未确认"),
    Outcome.VOICEMAIL: N_("语音信箱"),
    Outcome.NO_ANSWER: N_("无人接听"),
    Outcome.BUSY: N_("占线"),
    Outcome.UNALLOCATED: N_("空号"),
    Outcome.UNREACHABLE: N_("关机/无法接通"),
    Outcome.SUSPENDED: N_("停机"),
    Outcome.REJECTED: N_("拒接"),
    Outcome.CONGESTION: N_("线路拥塞"),
    Outcome.HUNG_UP: N_("接听后挂断"),
    Outcome.TRANSFERRED: N_("已转人工"),
    Outcome.DO_NOT_CALL: N_("勿扰"),
    Outcome.OUT_OF_WINDOW: N_("时段外"),
    Outcome.DUPLICATE: N_("已重复"),
    Outcome.CALLED_IN: N_("已回电确认"),
    Outcome.FORBIDDEN: N_("号码不允许"),
    Outcome.CANCELLED: N_("已取消"),
    Outcome.UNKNOWN: N_("未知"),
}
STILL = N_("待呼叫")
LEFT_OUT = {
    Outcome.DO_NOT_CALL: N_("业主要求勿扰"),
    Outcome.FORBIDDEN: N_("没有可以拨打的号码"),
}

INFORMED = TOLD | {Outcome.DUPLICATE, Outcome.VOICEMAIL}
NEVER_MEANT = frozenset({Outcome.DO_NOT_CALL, Outcome.FORBIDDEN, Outcome.CANCELLED})


def outcome_class(outcome: Outcome | None) -> str:
    """The state's colour: told green, not reached amber, left out or open grey."""
    if outcome is None or outcome in NEVER_MEANT:
        return "calm"
    return "done" if outcome in INFORMED else "risk"


def sentence(error: Exception) -> str:
    """What is wrong, in the language of the request where that is known."""
    if isinstance(error, NoticeError) and i18n.language() == i18n.CHINESE:
        return error.chinese
    return str(error)
