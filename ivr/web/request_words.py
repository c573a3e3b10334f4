"""Requests in the words and colours of the pages."""

import re
from typing import Any, NamedTuple

from ivr.desk.departments import departments
from ivr.desk.limits import NEED_WORDS, Limit, Need, Step
from ivr.desk.request import (
    KIND_WORDS,
    SEVERITY_WORDS,
    STATE_WORDS,
    UNDONE,
    RequestKind,
    RequestState,
    Severity,
    What,
)
from ivr.errors import UserError
from ivr.settings import Settings
from ivr.web.i18n import N_, ngettext
from ivr.web.i18n import gettext as _

CALLED_BACK = (RequestState.RESOLVED, RequestState.CALLING_BACK)
TABS: dict[str, tuple[str, tuple[RequestState, ...] | None]] = {
    "undone": (N_("未完成"), tuple(UNDONE)),
    "overdue": (N_("已超时"), tuple(UNDONE)),
    "callback": (N_("待回访"), CALLED_BACK),
    "done": (N_("满意和关闭"), (RequestState.SATISFIED, RequestState.CLOSED)),
    "all": (N_("全部"), None),
}
STATE_CHIPS = {
    RequestState.OPEN: "risk",
    RequestState.ASSIGNED: "ringing",
    RequestState.ON_SITE: "ringing",
    RequestState.RESOLVED: "calm",
    RequestState.CALLING_BACK: "ringing",
    RequestState.SATISFIED: "done",
    RequestState.REOPENED: "breach",
    RequestState.CLOSED: "calm",
    RequestState.ESCALATED: "breach",
}
ENTRY_MARKS = {
    What.BREACH: "breach",
    What.WARNING: "risk",
    What.REOPENED: "breach",
    What.ESCALATED: "breach",
    What.ALARM: "breach",
    What.SATISFIED: "done",
    What.CLOSED: "done",
    What.RESOLVED: "done",
}
STEPS = {
    "assign": (N_("派工"), RequestState.ASSIGNED),
    "on-site": (N_("到场"), RequestState.ON_SITE),
    "answer": (N_("答复业主"), None),
    "resolve": (N_("处理完毕"), RequestState.RESOLVED),
    "satisfied": (N_("业主满意"), RequestState.SATISFIED),
    "reopen": (N_("退回重做"), RequestState.REOPENED),
    "escalate": (N_("升级"), RequestState.ESCALATED),
    "note": (N_("备注"), None),
    "close": (N_("关闭工单"), RequestState.CLOSED),
}
"""What can be done with a request: its words, and the state it leads to."""


class Due(NamedTuple):
    """A limit as a chip: its colour, what must happen, and how it stands in words."""

    chip: str
    need: str
    words: str
    at: float


REFUSALS = (
    (re.compile("^房屋"), "home", N_("房屋请写成 3-1-1201 或 5-301")),
    (re.compile("^电话"), "phone", N_("这个电话号码不对")),
    (re.compile("^部门"), "department", N_("没有这个部门")),
    (re.compile("^程度"), "severity", N_("“重大”只用于投诉，请选“紧急”或“一般”")),
    (re.compile("^承诺时间"), "promised", N_("承诺时间已经过去，请选以后的时间")),
    (re.compile("^派工"), "", N_("请选择部门，或填写经办人")),
    (re.compile("write why it is closed"), "text", N_("业主还没有表示满意，请写明为什么关闭")),
    (re.compile("cannot become"), "", N_("工单已经不在原来的状态，这一步现在不能做")),
    (re.compile("is empty"), "text", N_("请填写这一项")),
)
"""What ivr.desk refuses, the field it is about, and how the pages say it."""


def refusal(error: UserError) -> tuple[str, str]:
    """The field ("" is the whole form) and what is wrong with it."""
    for pattern, name, said in REFUSALS:
        if pattern.search(str(error)):
            return name, _(said)
    return "", str(error)


def words() -> dict[str, Any]:
    return {
        "kind_words": {kind: _(words) for kind, words in KIND_WORDS.items()},
        "severity_words": {severity: _(words) for severity, words in SEVERITY_WORDS.items()},
        "state_words": {state: _(words) for state, words in STATE_WORDS.items()},
        "state_chips": STATE_CHIPS,
    }


def choices(settings: Settings) -> dict[str, Any]:
    return {
        "kinds": [("", _("请选择")), *((kind.value, _(KIND_WORDS[kind])) for kind in RequestKind)],
        "severities": [(each.value, _(SEVERITY_WORDS[each])) for each in Severity],
        "departments": [
            ("", _("待派")),
            *((each.name, each.name) for each in departments(settings)),
        ],
    }


def as_due(limit: Limit, now: float) -> Due:
    need = _(NEED_WORDS[Need(limit.need)])
    match limit.step(now):
        case Step.BREACH:
            over = _("超时 %(time)s", time=long(now - limit.breach_at))
            return Due("breach", need, over, limit.breach_at)
        case Step.WARNING:
            left = _("将超时，还剩 %(time)s", time=long(limit.breach_at - now))
            return Due("risk", need, left, limit.breach_at)
        case _:
            left = _("还剩 %(time)s", time=long(limit.breach_at - now))
            return Due("calm", need, left, limit.breach_at)


def long(seconds: float) -> str:
    """A stretch of time in two words at most: 12 分钟, 3 小时 5 分钟, 4 天."""
    minutes = max(0, int(seconds // 60))
    if minutes < 60:
        return ngettext("%(num)d 分钟", "%(num)d 分钟", minutes)
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return _("%(hours)d 小时 %(minutes)d 分钟", hours=hours, minutes=rest)
    return _("%(days)d 天", days=hours // 24)


_SPOKEN_ELSEWHERE = (
    N_("报修"), N_("投诉"), N_("有偿服务"), N_("建议"), N_("求助"), N_("咨询"),
    N_("一般"), N_("紧急"), N_("重大"), N_("火警 伤亡 电梯困人"),
    N_("待派"), N_("已派"), N_("到场"), N_("已处理"), N_("回访中"), N_("满意"),
    N_("重新处理"), N_("关闭"), N_("升级"),
    N_("登记"), N_("更正"), N_("派工"), N_("答复业主"), N_("处理完毕"), N_("开始回访"),
    N_("业主满意"), N_("备注"), N_("将超时"), N_("超时"), N_("紧急呼叫"),
    N_("当日答复"), N_("承诺时间"),
    N_("不满意"), N_("转人工"), N_("已完成"), N_("未答复"),
    N_("老人"), N_("孕妇"), N_("残疾人"),
)  # fmt: skip
"""The words of ivr.desk and ivr.outbound that these pages translate: marked for the catalogue."""
