"""Words of callbacks as the pages have them, in both languages."""

from ivr.outbound.callback import Reason, Verdict
from ivr.outbound.satisfaction import NO_DEPARTMENT
from ivr.talk.asking import By
from ivr.web.i18n import N_
from ivr.web.i18n import gettext as _

_REASONS = {
    Reason.REPAIR: N_("报修回访"),
    Reason.COMPLAINT: N_("投诉回访"),
    Reason.PAID: N_("有偿服务回访"),
    Reason.SURVEY: N_("满意度调查"),
    Reason.SAMPLE: N_("抽样回访"),
    Reason.WEEKLY: N_("进度告知"),
}
_VERDICTS = {
    Verdict.SATISFIED: N_("满意"),
    Verdict.DISSATISFIED: N_("不满意"),
    Verdict.PERSON: N_("转人工"),
    Verdict.DONE: N_("已完成"),
    Verdict.UNHEARD: N_("未答复"),
}
_WAYS = {
    By.KEY: N_("按键"),
    By.SPEECH: N_("说话"),
    By.NO_INPUT: N_("没有回答"),
    By.NO_MATCH: N_("没听懂"),
    By.DEAF: N_("没听到"),
}
_NAMES = {NO_DEPARTMENT: N_("未派部门")}


def reasons() -> dict[str, str]:
    """Those that a household may be phoned for."""
    return {each.value: _(words) for each, words in _REASONS.items()}


def verdict(found: Verdict) -> str:
    return _(_VERDICTS[found])


def way(by: str) -> str:
    return _(_WAYS[By(by)])


def group(name: str) -> str:
    """A department, a kind or a month of the figures."""
    return _(_NAMES.get(name, name))
