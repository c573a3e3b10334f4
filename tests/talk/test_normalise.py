"""Written text → as a newsreader or a property clerk says it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.talk.normalise import normalise

CHINESE = """
# hours
9:00-17:30                   九点至十七点半
09:00～18:00                 九点至十八点
12:05                        十二点零五分
１２：３０                   十二点半
14:30:05                     十四点三十分零五秒
2:00                         两点
下午2:30                     下午两点半
0:00                         零点
24:00                        二十四点
22:00-次日6:00               二十二点至次日六点
2点05分                      两点零五分
9点30分                      九点三十分
周一至周五 8:30-12:00        周一至周五 八点半至十二点
7×24小时                     七乘二十四小时
# dates
2026年11月24日               二零二六年十一月二十四日
2026-11-24                   二零二六年十一月二十四日
2026/11/4                    二零二六年十一月四日
2026.11.24                   二零二六年十一月二十四日
2011年                       二零一一年
2026-11-24 09:30             二零二六年十一月二十四日 九点半
11月24日-26日                十一月二十四日至二十六日
11月24日9:00至11月25日18:00  十一月二十四日九点至十一月二十五日十八点
25日-27日                    二十五日至二十七日
3-5月                        三至五月
2025-2026年                  二零二五至二零二六年
2月2日                       二月二日
90年代                       九零年代
# telephones
13800138000                  幺三八 零零幺三 八零零零
138-0013-8000                幺三八 零零幺三 八零零零
+86 13800138000              幺三八 零零幺三 八零零零
400-123-4567                 四零零 幺二三 四五六七
4001234567                   四零零 幺二三 四五六七
0755-12345678                零七五五 幺二三四 五六七八
(0755)1234-5678              零七五五 幺二三四 五六七八
021-12345678                 零二幺 幺二三四 五六七八
电话：0755-8888 8888。       电话：零七五五 八八八八 八八八八。
分机801                      分机八零幺
拨打110                      拨打幺幺零
12345热线                    幺二三四五热线
尾号8000                     尾号八零零零
请按1                        请按一
请按0                        请按零
按#号键                      按井号键
按*键                        按星号键
# homes
3-1201室                     三杠幺二零幺室
3-2-1201                     三栋二单元幺二零幺室
3栋2单元                     三栋二单元
3栋2单元1201室               三栋二单元幺二零幺室
A座1201室                    A 座幺二零幺室
3号楼                        三号楼
3#楼                         三号楼
1-3号楼                      一至三号楼
12号楼                       十二号楼
101室                        幺零幺室
B2层                         B 二层
18楼                         十八楼
2楼                          二楼
阳光路108号                  阳光路一百零八号
# tickets, codes, letters
WO20261122001                W O 二零二六 幺幺二二 零零幺
WO-2026-0001                 W O 二零二六 零零零幺
粤B12345                     粤 B 幺二三四五
验证码:123456                验证码：幺二三 四五六
No.5                         五号
APP                          A P P
VIP                          V I P
WiFi密码                     WiFi 密码
5G                           五 G
PM2.5                        P M 二点五
# money, shares, measures
¥12.50                       十二点五元
￥1,200                      一千二百元
2000元                       两千元
1,234,567.89元               一百二十三万四千五百六十七点八九元
2.8元/㎡/月                  二点八元每平方米每月
97.8%                        百分之九十七点八
100%                         百分之一百
5%-10%                       百分之五至百分之十
5-10%                        百分之五至十
-5℃                          零下五摄氏度
20~25℃                       二十至二十五摄氏度
100平方米                    一百平方米
220V                         二百二十伏
2kg                          两公斤
5km                          五公里
# plain numbers
3.14                         三点一四
1/2                          二分之一
1:100                        一比一百
-3                           负三
3-5天                        三至五天
2户                          两户
2个小时                      两个小时
2年级                        二年级
12户                         十二户
12,000户                     一万二千户
20000                        两万
10000户                      一万户
第3次                        第三次
第2期                        第二期
007                          零零七
2×3米                        二乘三米
约1.5小时                    约一点五小时
①检查                        一检查
# signs
停水/停电                    停水或停电
张三&李四                    张三和李四
（请注意）停水               请注意，停水
请稍等……再见                 请稍等，再见
"""


def rows(table: str) -> list[tuple[str, str]]:
    lines = (line for line in table.splitlines() if line and not line.startswith("#"))
    return [tuple(re.split(r" {2,}", line.strip())) for line in lines]  # type: ignore[misc]


@pytest.mark.parametrize(("written", "said"), rows(CHINESE))
def test_chinese(written: str, said: str) -> None:
    assert normalise(written) == said


@pytest.mark.parametrize("said", [said for _, said in rows(CHINESE)])
def test_what_is_said_does_not_change(said: str) -> None:
    assert normalise(said) == said


def test_a_whole_notice() -> None:
    assert normalise(
        "尊敬的业主：因供水管道抢修，3号楼1-2单元将于11月24日14:00-18:30停水，"
        "咨询电话0755-12345678（24小时）。"
    ) == (
        "尊敬的业主：因供水管道抢修，三号楼一至二单元将于十一月二十四日十四点至十八点半停水，"
        "咨询电话零七五五 幺二三四 五六七八，二十四小时。"
    )


def test_every_letter_is_left_to_be_said() -> None:
    assert normalise("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == " ".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ")


@given(st.text(alphabet="0123456789年月日点分:-/.,%¥元室栋户 ~至ABkm℃()#*+，。第按电话①½٣"))
def test_no_digit_is_left_and_twice_is_once(text: str) -> None:
    said = normalise(text)
    assert not any(one.isdigit() for one in said)
    assert normalise(said) == said


@given(st.text())
def test_anything_gives_only_what_can_be_said(text: str) -> None:
    assert re.fullmatch(
        r"[\u3007\u3400-\u4dbf\u4e00-\u9fffA-Za-z，。、；：？！' ]*", normalise(text)
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Call 13800138000 now", "Call 1 3 8, 0 0 1 3, 8 0 0 0 now"),
        ("Ticket WO20261122001", "Ticket W O 2 0 2 6 1 1 2 2 0 0 1"),
        ("in 2026", "in 2026"),
        ("¥12.50 for 2 ㎡", "12.50 yuan for 2 square metres"),
        ("Hello，这里是阳光花园。", "Hello,这里是阳光花园."),
    ],
)
def test_english(written: str, said: str) -> None:
    assert normalise(written, "en") == said
