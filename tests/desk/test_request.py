from ivr.desk import request
from ivr.desk.request import NEXT_STATES, UNDONE, RequestState


def reachable(start: RequestState) -> set[RequestState]:
    found, ahead = {start}, [start]
    while ahead:
        ahead = [each for state in ahead for each in NEXT_STATES[state] if each not in found]
        found.update(ahead)
    return found


def test_every_state_can_be_reached_and_none_is_a_trap() -> None:
    assert reachable(RequestState.OPEN) == set(RequestState)
    for state in RequestState:
        assert RequestState.CLOSED in reachable(state)
        assert RequestState.REOPENED in reachable(state)


def test_work_that_is_done_is_not_begun_without_being_reopened() -> None:
    for state in set(RequestState) - UNDONE:
        assert NEXT_STATES[state] & UNDONE <= {RequestState.REOPENED, RequestState.ESCALATED}


def test_every_word_has_chinese() -> None:
    for words, codes in (
        (request.KIND_WORDS, request.RequestKind),
        (request.SEVERITY_WORDS, request.Severity),
        (request.STATE_WORDS, request.RequestState),
        (request.WHAT_WORDS, request.What),
    ):
        assert set(words) == set(codes)
        assert len(set(words.values())) == len(words)
