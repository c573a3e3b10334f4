"""The twelve owners of the scene 回访: what each of them does at each question, call by call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ivr.desk.request import RequestKind, RequestState

FINE, WELL = "修好了", "非常满意"


@dataclass(frozen=True, slots=True)
class Say:
    words: str
    code: str = ""  # the choice that is meant; empty: none
    early: bool = False  # while the question is still being put


@dataclass(frozen=True, slots=True)
class Press:
    key: str
    code: str = ""
    early: bool = False


Act = Say | Press | None
"""What an owner does when it is their turn; None: nothing."""

Talk = Mapping[str, Sequence[Act]]
"""Step of the script → what is done the first, the second … time it is asked."""

HURRY: dict[str, Sequence[Act]] = {
    "hello": [Press("#", early=True)],
    "about": [Press("#", early=True)],
}
"""Who is phoned again knows already what it is about."""

YES, NO = Say("是的", "yes"), Say("不是", "no")


def says(fixed: str = FINE, satisfied: str = WELL, code: str = "very_satisfied") -> Talk:
    return {"fixed": [Say(fixed, "yes")], "satisfied": [Say(satisfied, code)]}


GRIPE: Talk = {
    "fixed": [Say("没修好", "no")],
    "satisfied": [Say("不满意", "dissatisfied")],
    "words": [Say("水龙头还在滴水，请你们再来看一看。")],
}


@dataclass(frozen=True, slots=True)
class Owner:
    """One request and how its owner takes each call about it; None: does not answer."""

    title: str
    contact: str
    story: str
    talks: tuple[Talk | None, ...]
    state: RequestState
    kind: RequestKind = RequestKind.REPAIR


CLOSED, DUE = RequestState.CLOSED, RequestState.RESOLVED
OWNERS = (
    # the one with the longest story goes first
    Owner("厨房水龙头漏水", "周先生", "两次不满意，第三次满意",
          (GRIPE, {**HURRY, **GRIPE}, {**HURRY, **says()}), CLOSED),
    Owner("客厅插座没电", "王女士", "先不在家，第二次接听", (None, says("好了", "很满意")), CLOSED),
    Owner("卫生间灯不亮", "李先生", "开口回答", (says(),), CLOSED),
    Owner("阳台门锁坏了", "陈女士", "开口回答", (says("已经修好了", "满意", "satisfied"),), CLOSED),
    Owner("空调不制冷", "张先生", "按键回答",
          ({"fixed": [Press("1", "yes")], "satisfied": [Press("2", "satisfied")]},), CLOSED),
    Owner("马桶堵塞", "刘女士", "抢着回答",
          ({"fixed": [Say(FINE, "yes")], "satisfied": [Say(WELL, "very_satisfied", early=True)]},),
          CLOSED),
    Owner("窗户关不严", "赵先生", "不出声", ({},), DUE),
    Owner("门铃不响", "孙女士", "答非所问，再答",
          ({"fixed": [Say("今天天气不错"), Say(FINE, "yes")],
            "satisfied": [Say("还可以", "neutral")]},), CLOSED),
    Owner("热水器报警", "吴先生", "转人工",
          ({"fixed": [Say("转人工", "person")]},), RequestState.CALLING_BACK),
    Owner("楼道堆放杂物", "郑女士", "投诉，满意后由人工确认", (says(),), RequestState.SATISFIED,
          RequestKind.COMPLAINT),
    Owner("家庭保洁", "何先生", "有偿服务", (says(satisfied="满意", code="satisfied"),), CLOSED,
          RequestKind.PAID),
    Owner("墙面渗水", "林女士", "请再说一遍",
          ({"fixed": [Say("再说一遍"), Say("解决了", "yes")],
            "satisfied": [Say("满意", "satisfied")]},), CLOSED),
)  # fmt: skip


def all_words() -> list[str]:
    """Everything that any owner says."""
    acts = [act for owner in OWNERS for talk in owner.talks if talk for acts in talk.values()
            for act in acts]  # fmt: skip
    return list(dict.fromkeys([each.words for each in (*acts, YES, NO) if isinstance(each, Say)]))
