"""Stories: what is heard, one after the other, and where the conversation goes."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.resources import folder
from ivr.talk.asking import REPEATS, By, Heard
from ivr.talk.script import Machine, Script, find, load
from ivr.talk.script.actions import (
    Action,
    Ask,
    End,
    Event,
    NoEar,
    Record,
    Recorded,
    Result,
    Say,
    Transfer,
)
from ivr.talk.script.machine import MOST_ASKS

SILENCE = None
MUMBLE = Heard("", By.SPEECH, 0.1)
DEAF = Heard("", By.DEAF)
NO_EAR = NoEar()
WORDS = Recorded(np.ones(8000, np.int16))


def key(pressed: str) -> Heard:
    return Heard(pressed)


def said(code: str, *, sure: bool = True) -> Heard:
    return Heard(code, By.SPEECH, 0.9 if sure else 0.6, sure, "test", code)


@pytest.fixture(scope="module")
def repair() -> Script:
    return load(find("repair", "zh-CN"))


def hold(machine: Machine, events: Iterable[Event]) -> tuple[list[Action], Result]:
    """Every action from the first question on; the person goes when the events are used up."""
    left = list(events)
    action = machine.begin()
    actions: list[Action] = []
    while True:
        if not isinstance(action, Say):
            actions.append(action)
        if isinstance(action, Transfer | End):
            break
        if not isinstance(action, Say) and not left:
            break
        action = machine.take() if isinstance(action, Say) else machine.take(left.pop(0))
    return actions, machine.gone()


def sounds(actions: list[Action]) -> list[str]:
    return [" ".join(action.sounds) for action in actions]


# --- the shipped repair script, as owners go through it


@pytest.mark.parametrize(
    ("heard", "end", "answers"),
    [
        ([said("yes"), said("very_satisfied")], "satisfied", ["yes", "very_satisfied"]),
        ([key("1"), key("2")], "satisfied", ["yes", "satisfied"]),
        ([said("yes"), said("neutral")], "satisfied", ["yes", "neutral"]),
        ([key("2"), WORDS], "dissatisfied", ["no", None]),  # a key needs no confirmation
        ([said("no"), said("yes"), WORDS], "dissatisfied", ["no", None]),  # 对吗？ 对
        ([said("no"), key("1"), WORDS], "dissatisfied", ["no", None]),  # 对吗？ by key
        ([said("no"), said("no"), said("yes"), key("1")], "satisfied", ["yes", "very_satisfied"]),
        ([said("yes", sure=False), said("yes"), key("1")], "satisfied", ["yes", "very_satisfied"]),
        ([key("1"), key("4"), Recorded()], "dissatisfied", ["yes", "dissatisfied", None]),
        ([said("repeat"), key("1"), key("*"), key("1")], "satisfied", ["yes", "very_satisfied"]),
        ([SILENCE, SILENCE, SILENCE], "no_answer", [None]),
        ([MUMBLE, MUMBLE, MUMBLE], "person", [None]),
        ([SILENCE, key("9"), said("yes"), key("1")], "satisfied", ["yes", "very_satisfied"]),
        ([said("person")], "person", ["person"]),
        ([key("1"), key("0")], "person", ["yes", "person"]),
        ([said("no"), said("person")], "person", ["person"]),
        ([key("2"), Recorded(key="0")], "person", ["no", None]),
        ([NO_EAR, key("1"), NO_EAR, key("1")], "satisfied", ["yes", "very_satisfied"]),
        (
            [DEAF, key("1"), DEAF, key("5"), WORDS],
            "dissatisfied",
            ["yes", "very_dissatisfied", None],
        ),
    ],
)
def test_a_call(repair: Script, heard: list[Event], end: str, answers: list[str | None]) -> None:
    _, result = hold(Machine(repair), heard)
    assert result.end == end
    assert [reply.choice for reply in result.replies] == answers
    assert result.wish == ("person" if end == "person" else "")


@pytest.mark.parametrize(
    ("heard", "end"),
    [
        ([], "hung_up"),  # in the first question
        ([key("1")], "hung_up"),  # fixed, and still satisfied or not
        ([key("2")], "dissatisfied"),  # not fixed: whatever else they would have said
        ([key("1"), said("dissatisfied"), said("yes")], "dissatisfied"),  # while recording
    ],
)
def test_hanging_up_early(repair: Script, heard: list[Event], end: str) -> None:
    assert hold(Machine(repair), heard)[1].end == end


# --- the ladder


def test_re_ask_then_keys_then_goodbye(repair: Script) -> None:
    actions, _ = hold(Machine(repair), [SILENCE, SILENCE, SILENCE])
    assert sounds(actions) == [
        "fixed",
        "script-no-input fixed",
        "script-no-input fixed.keys",
        "nobody",
    ]


def test_re_ask_then_keys_then_a_person(repair: Script) -> None:
    actions, _ = hold(Machine(repair), [MUMBLE, MUMBLE, MUMBLE])
    assert sounds(actions) == [
        "fixed",
        "script-no-match fixed",
        "script-no-match fixed.keys",
        "person",
    ]


@pytest.mark.parametrize("heard", [[MUMBLE], [SILENCE, SILENCE], [SILENCE, MUMBLE]])
def test_who_needs_care_gets_a_person_sooner(repair: Script, heard: list[Event]) -> None:
    actions, result = hold(Machine(repair, {"care": "yes"}), heard)
    assert isinstance(actions[-1], Transfer)
    assert result.wish == "person"


def test_a_denied_answer_is_asked_for_by_keys(repair: Script) -> None:
    actions, _ = hold(Machine(repair), [said("no"), said("no")])
    assert sounds(actions) == ["fixed", "fixed.confirm.no", "script-no-match fixed.keys"]


def test_no_answer_to_is_that_right(repair: Script) -> None:
    actions, result = hold(Machine(repair), [said("no"), SILENCE, MUMBLE, key("1"), key("1")])
    assert sounds(actions)[:4] == [
        "fixed",
        "fixed.confirm.no",
        "fixed.confirm.no script-confirm-keys",
        "script-no-match fixed.keys",
    ]
    assert result.replies[0].choice == "yes"
    assert result.replies[0].tries == 2


def test_somebody_who_only_ever_wants_to_hear_it_again(repair: Script) -> None:
    again = [said("repeat")] * (REPEATS + 1)
    actions, result = hold(Machine(repair), [said("no"), *again, key("1"), key("1")])
    assert sounds(actions)[REPEATS + 1 : REPEATS + 3] == [
        "fixed.confirm.no",
        "script-no-match fixed",  # the answer that was not confirmed is forgotten
    ]
    assert result.replies[0].choice == "yes"


def test_without_anybody_to_listen_the_keys_are_told_at_once(repair: Script) -> None:
    actions, _ = hold(Machine(repair, speech=False), [SILENCE, key("1")])
    assert sounds(actions) == [
        "fixed fixed.keys",
        "script-no-input fixed fixed.keys",
        "satisfied satisfied.keys",
    ]
    assert not any(isinstance(one, Ask) and one.speech for one in actions)


def test_a_failing_ear_is_told_and_costs_no_try(repair: Script) -> None:
    actions, result = hold(Machine(repair), [DEAF, key("1")])
    assert sounds(actions)[:2] == ["fixed", "script-press-keys fixed.keys"]
    assert isinstance(actions[2], Ask)
    assert actions[2].speech  # the next question listens again
    assert result.replies[0].tries == 1


def test_a_failing_ear_at_is_that_right(repair: Script) -> None:
    actions, result = hold(Machine(repair), [said("no"), DEAF, key("1"), WORDS])
    assert sounds(actions)[2] == "script-press-keys fixed.confirm.no script-confirm-keys"
    assert result.replies[0].choice == "no"


def test_own_words_of_a_question(scripted: Callable[..., Script]) -> None:
    script = scripted("""
  q:
    ask: 请问，您满意吗？
    question: satisfied
    no_input: 您还在吗？
    no_match: 请您再说一次。
  bye:
    end: done
""")
    actions, _ = hold(Machine(script), [SILENCE, MUMBLE])
    assert sounds(actions) == ["q", "q.no_input q", "q.no_match q.keys"]


# --- keys


def test_keys_pressed_during_a_text_answer_the_questions_to_come(repair: Script) -> None:
    machine = Machine(repair)
    assert machine.begin() == Say("hello", ("hello",))
    assert machine.take(key("1")) == Say("about", ("about",))
    assert isinstance(machine.take(key("2")), End)
    assert [reply.choice for reply in machine.replies] == ["yes", "satisfied"]


def test_keys_pressed_ahead_that_mean_nothing_are_forgotten(repair: Script) -> None:
    machine = Machine(repair)
    machine.begin()
    machine.take(key("7"))
    assert isinstance(machine.take(), Ask)


def test_a_person_at_once_while_something_is_said(repair: Script) -> None:
    machine = Machine(repair)
    machine.begin()
    assert isinstance(machine.take(key("0")), Transfer)


def test_a_text_is_said_again_on_request(repair: Script) -> None:
    machine = Machine(repair)
    assert machine.begin() == machine.take(key("*"))


def test_a_person_even_at_goodbye(repair: Script) -> None:
    machine = Machine(repair)
    hold(machine, [key("1"), key("1")])
    assert isinstance(machine.take(key("0")), Transfer)
    assert machine.gone().end == "person"


# --- where it goes


def test_branches_by_answers_and_by_values(scripted: Callable[..., Script]) -> None:
    script = scripted(
        """
  q:
    ask: 请问，修好了吗？
    question: fixed
  by-answer:
    branch: q
    when: {no: bad}
  by-value:
    branch: round
    when: {"3": third}
  good:
    end: good
  bad:
    end: bad
  third:
    end: third
""",
        head='script: t\ntitle: 试\nperson: person\nsilence: nobody\nvalues: {round: "1"}\n',
    )
    ends = {
        (answer, number): hold(Machine(script, {"round": number}), [key(answer)])[1].end
        for answer in "12"
        for number in "13"
    }
    assert ends == {("1", "1"): "good", ("1", "3"): "third", ("2", "1"): "bad", ("2", "3"): "bad"}


def test_no_answer_may_lead_on(scripted: Callable[..., Script]) -> None:
    script = scripted("""
  q:
    ask: 请问，您满意吗？
    question: satisfied
    retries: 0
    no_answer: bye
    when: {satisfied: bye}
  other:
    end: other
  bye:
    end: bye
""")
    assert hold(Machine(script), [SILENCE])[1].end == "bye"


def test_every_utterance_goes_into_its_reply(repair: Script) -> None:
    sound = np.ones(80, np.int16)
    heard = Heard("yes", By.SPEECH, 0.9, True, "whisper", "修好了", sound)
    _, result = hold(Machine(repair), [MUMBLE, heard])
    reply = result.replies[0]
    assert (reply.choice, reply.label, reply.by, reply.tries) == ("yes", "修好了", By.SPEECH, 2)
    assert (reply.score, reply.engine, reply.transcript) == (0.9, "whisper", "修好了")
    assert reply.samples is sound


def test_what_was_not_understood_is_kept_too(repair: Script) -> None:
    sound = np.ones(80, np.int16)
    last = Heard("", By.SPEECH, 0.2, engine="whisper", transcript="不满意", samples=sound)
    _, result = hold(Machine(repair), [MUMBLE, MUMBLE, last])
    assert result.replies[0].samples is sound
    assert result.replies[0].by is By.NO_MATCH


# --- it ends


def events() -> st.SearchStrategy[Event]:
    codes = ["yes", "no", "satisfied", "dissatisfied", "repeat", "person", "again", "", "x"]
    spoken = st.builds(said, st.sampled_from(codes), sure=st.booleans())
    keys = st.sampled_from("0123456789*#ABCD").map(Heard)
    recorded = st.builds(Recorded, st.none(), st.sampled_from(["", "#", "*", "0"]))
    return st.one_of(st.none(), st.just(DEAF), st.just(NO_EAR), spoken, keys, recorded)


SCRIPTS = sorted((folder("prompts") / "scripts").glob("*/*.yaml"))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_whatever_is_heard_every_call_ends(path: Path, data: st.DataObject) -> None:
    script = load(path)
    values = {"care": data.draw(st.sampled_from(["yes", ""]))}
    machine = Machine(script, values, speech=data.draw(st.booleans()))
    some = data.draw(st.lists(events(), min_size=1, max_size=12))
    action = machine.begin()
    asked = taken = 0
    while not isinstance(action, Transfer | End):
        asked += isinstance(action, Ask | Record)
        event = some[taken % len(some)]  # over and over
        taken += 1
        action = machine.take(event)
        assert taken < 500
    assert asked <= MOST_ASKS
    assert machine.result == machine.gone()


def test_a_script_that_nobody_checked_ends_too(scripted: Callable[..., Script]) -> None:
    script = scripted("""
  a:
    say: 您好。
    next: a
""")
    actions, result = hold(Machine(script), [])
    assert isinstance(actions[-1], Transfer)
    assert result.wish == "person"
