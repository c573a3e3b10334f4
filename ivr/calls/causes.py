"""Why a call ended, in words: causes of ITU-T Q.850 (and Asterisk's own use of 0 and 127)."""

from typing import Literal, NamedTuple


class Words(NamedTuple):
    zh: str
    en: str


CAUSES = {
    0: Words("未给出原因", "no cause given"),
    1: Words("空号", "unallocated number"),
    2: Words("无到中转网的路由", "no route to transit network"),
    3: Words("无法接通（分机未注册或无路由）", "no route to destination"),
    5: Words("拨错中继前缀", "misdialled trunk prefix"),
    6: Words("信道不可接受", "channel unacceptable"),
    7: Words("呼叫已在既有信道上送达", "call awarded, delivered in an established channel"),
    8: Words("被优先呼叫占用", "pre-empted"),
    14: Words("号码已携转", "number ported"),
    16: Words("正常挂机", "normal clearing"),
    17: Words("用户忙", "user busy"),
    18: Words("对方无响应", "no user responding"),
    19: Words("无人接听", "no answer from user"),
    20: Words("用户不在服务区", "subscriber absent"),
    21: Words("拒接", "call rejected"),
    22: Words("号码已改", "number changed"),
    23: Words("已改接新号码", "redirected to a new destination"),
    26: Words("已由其他分机接起", "answered elsewhere"),
    27: Words("对方终端故障", "destination out of order"),
    28: Words("号码格式错误或不完整", "invalid number format"),
    29: Words("对方拒绝该业务", "facility rejected"),
    30: Words("状态查询的响应", "response to a status enquiry"),
    31: Words("正常结束（未说明）", "normal, unspecified"),
    34: Words("线路全忙", "no circuit available"),
    38: Words("网络故障", "network out of order"),
    41: Words("临时故障", "temporary failure"),
    42: Words("交换机拥塞", "switching equipment congestion"),
    43: Words("信息被丢弃", "access information discarded"),
    44: Words("所请求的线路不可用", "requested circuit not available"),
    50: Words("未开通该业务", "facility not subscribed"),
    52: Words("限制呼出", "outgoing calls barred"),
    54: Words("限制呼入", "incoming calls barred"),
    57: Words("无权使用该承载能力", "bearer capability not authorised"),
    58: Words("承载能力暂不可用", "bearer capability not available"),
    65: Words("不支持该承载能力", "bearer capability not implemented"),
    66: Words("不支持该信道类型", "channel type not implemented"),
    69: Words("不支持该业务", "facility not implemented"),
    79: Words("不支持该服务", "service not implemented"),
    81: Words("呼叫参考值无效", "invalid call reference"),
    88: Words("终端不兼容（编码不一致）", "incompatible destination"),
    95: Words("消息无效", "invalid message"),
    96: Words("缺少必要信息", "mandatory information missing"),
    97: Words("消息类型不存在", "message type unknown"),
    98: Words("消息与状态不符", "message not compatible with call state"),
    99: Words("信息单元不存在", "information element unknown"),
    100: Words("信息单元内容无效", "invalid information element contents"),
    101: Words("呼叫状态不符", "message not compatible with call state"),
    102: Words("定时器超时", "recovery on timer expiry"),
    103: Words("信息单元长度错误", "mandatory information element length error"),
    111: Words("协议错误", "protocol error"),
    127: Words("互通失败或主叫取消", "interworking, or cancelled by the caller"),
}


def cause_words(cause: int | None, language: Literal["zh", "en"] = "zh") -> str:
    """Words for a hangup cause; its number where Q.850 has no words, "" for None."""
    if cause is None:
        return ""
    words = CAUSES.get(cause)
    if words is not None:
        return words.zh if language == "zh" else words.en
    return f"原因 {cause}" if language == "zh" else f"cause {cause}"
