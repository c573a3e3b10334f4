"""The engine of scripts: what to do next, given what was heard. No sound, no clock.

The telephone (`perform`) and the terminal (`ivr script talk`) drive the very same machine:
`begin`, then `take` what came of each action, until it is a Transfer or an End. Whatever is
heard, it comes to an end.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ivr.talk.asking import Again, Answer, Asking, By, Heard
from ivr.talk.script import texts
from ivr.talk.script.actions import (
    CARE,
    HUNG_UP,
    PERSON_RESULT,
    Action,
    Ask,
    End,
    Event,
    NoEar,
    Record,
    Recorded,
    Reply,
    Result,
    Say,
    Transfer,
)
from ivr.talk.script.model import (
    AskStep,
    BranchStep,
    EndStep,
    RecordStep,
    SayStep,
    Script,
    TransferStep,
)
from ivr.talk.speech.base import PERSON, REPEAT, Choice, Question

MOST_ASKS = 40
"""Questions and recordings in one call, each time counted; then a person takes over."""

MOST_VISITS = 6
"""How often a call may come to the same step; then a person takes over."""


@dataclass
class _Put:
    """The question that is being asked."""

    step: str
    asking: Asking
    speech: bool
    failed: int = 0  # times
    confirming: Heard | None = None  # waits for "that is right"
    unclear: int = 0  # times that "is that right?" got no answer
    last: Heard | None = None  # the last thing that was said and was no answer


class Machine:
    """One call. `speech`: somebody may be able to listen; otherwise keys are told at once.

    A language that has no words for "is that right?" is not listened to.
    """

    def __init__(
        self, script: Script, values: Mapping[str, str] | None = None, *, speech: bool = True
    ) -> None:
        self.replies: list[Reply] = []
        self._script = script
        self._values = values or {}
        self._care = self._values.get(CARE) == "yes"
        self._speech = speech and script.confirming is not None
        self._answers: dict[str, str] = {}
        self._action: Action | None = None
        self._put: _Put | None = None
        self._ahead = ""  # keys that were pressed before their questions
        self._asks = 0
        self._visits: Counter[str] = Counter()

    # --- driving

    def begin(self) -> Action:
        return self._enter(self._script.start)

    def take(self, event: Event = None) -> Action:
        """What to do now. After a Transfer or an End only a wish for a person changes that."""
        match self._action:
            case None:
                return self.begin()
            case Say() as said:
                return self._after_saying(said, event)
            case Ask() as asked:
                return self._after_asking(asked, event)
            case Record() as recorded:
                return self._after_recording(recorded, event)
            case End() as end if isinstance(event, Heard) and self._code(event) == PERSON:
                return self._to_person(end.step, event)
            case Transfer() | End() as last:
                return last

    @property
    def result(self) -> Result | None:
        """Once the script has come to its end."""
        match self._action:
            case End(result=word):
                return self._result(word)
            case Transfer():
                return self._result(PERSON_RESULT)
            case _:
                return None

    def gone(self) -> Result:
        """The person has hung up. Where everything still open led to the same end, that is it."""
        if self.result is not None:
            return self.result
        answered = any(one.choice not in (None, PERSON) for one in self.replies)
        ends = self._ends() if answered else set()
        return self._result(ends.pop() if len(ends) == 1 else HUNG_UP)

    # --- steps

    def _enter(self, name: str | None) -> Action:
        """Walk to the next step at which something is said or heard."""
        while True:
            if name is None or self._exhausted(name):
                name = self._script.person
            step = self._script.steps[name]
            match step:
                case BranchStep():
                    name = self._branch(name, step)
                    continue
                case SayStep():
                    self._action = Say(name, (name,))
                case AskStep():
                    return self._ask(name, step)
                case RecordStep():
                    self._action = self._record(name, step)
                case TransferStep():
                    self._action = Transfer(name, (name,))
                case EndStep():
                    sounds = (name,) if step.say else ()
                    self._action = End(name, sounds, step.end, self._command(PERSON).key)
            return self._action

    def _exhausted(self, name: str) -> bool:
        """So that a script that goes round in circles ends, checked or not."""
        self._visits[name] += 1
        return self._asks >= MOST_ASKS or self._visits[name] > MOST_VISITS

    def _branch(self, name: str, step: BranchStep) -> str | None:
        found = self._answers.get(step.branch, self._values.get(step.branch, ""))
        return step.when.get(found) or self._script.after(name)

    def _after_saying(self, said: Say, event: Event) -> Action:
        if isinstance(event, Heard):
            code = self._code(event)
            if code == PERSON:
                return self._to_person(said.step, event)
            if code == REPEAT:
                return self._enter(said.step)
            self._ahead += event.choice
        return self._enter(self._script.after(said.step))

    def _record(self, name: str, step: RecordStep) -> Record:
        self._asks += 1
        keys = "#*" + self._command(PERSON).key
        sounds = (name, texts.BEEP)
        return Record(name, sounds, step.seconds, step.silence, "".join(sorted(set(keys))))

    def _after_recording(self, record: Record, event: Event) -> Action:
        taken = event if isinstance(event, Recorded) else Recorded()
        if taken.key == self._command(REPEAT).key and taken.empty:
            return self._enter(record.step)
        self._note(
            Reply(
                record.step, "", None, "", By.NO_INPUT if taken.empty else By.SPEECH,
                key=taken.key, transcript=taken.transcript, samples=taken.samples,
            )
        )  # fmt: skip
        if taken.key == self._command(PERSON).key:
            return self._enter(self._script.person)
        return self._enter(self._script.after(record.step))

    # --- questions

    def _ask(self, name: str, step: AskStep) -> Action:
        question = self._script.questions[name]
        codes = [one.code for one in question.choices]
        retries = min(step.retries, 1) if self._care else step.retries
        asking = Asking(codes, repeat=(REPEAT,), retries=retries)
        self._put = _Put(name, asking, self._speech and _can_be_said(question))
        action = self._say_question(self._put)
        while self._ahead and self._put is not None:
            first, self._ahead = self._ahead[0], self._ahead[1:]
            if self._code(Heard(first)) in codes:
                return self.take(Heard(first))
        return action

    def _after_asking(self, asked: Ask, event: Event) -> Action:
        put = self._put
        assert put is not None
        if isinstance(event, NoEar) or (isinstance(event, Heard) and event.by is By.DEAF):
            put.speech = False
            return self._deaf(put, told=isinstance(event, NoEar))
        heard = event if isinstance(event, Heard) else None
        code = self._code(heard, asked.question) if heard else ""
        if heard is not None and code == PERSON:
            return self._to_person(put.step, heard)
        if put.confirming is not None and code != REPEAT:
            return self._confirmed(put, code)
        if heard is None:
            return self._weigh(put, None)
        meant = replace(heard, choice=code)
        if put.confirming is None and self._doubtful(asked.question, meant):
            put.confirming, put.unclear = meant, 0
            return self._say_confirm(put, keys=False)
        return self._weigh(put, meant)

    def _weigh(self, put: _Put, heard: Heard | None, *, denied: bool = False) -> Action:
        """Believe it, or ask once more."""
        if heard is not None and heard.choice != REPEAT:
            put.last = heard
        outcome = put.asking.take(heard)
        if isinstance(outcome, Answer):
            return self._settle(put, outcome)
        if outcome is Again.REPEAT:
            if put.confirming is not None:
                return self._say_confirm(put, keys=put.unclear > 0)
            return self._say_question(put)
        put.confirming = None
        put.failed += 1
        if self._care and outcome is Again.NO_MATCH:
            # a person rather than a menu for those who need care
            return self._settle(put, Answer(None, By.NO_MATCH, put.failed))
        return self._say_again(put, outcome, keys=denied)

    def _confirmed(self, put: _Put, code: str) -> Action:
        confirming, put.confirming = put.confirming, None
        assert confirming is not None
        if code == "yes":
            return self._weigh(put, confirming)
        if code == "no" or put.unclear:
            return self._weigh(put, replace(confirming, choice=""), denied=True)
        put.confirming, put.unclear = confirming, 1
        return self._say_confirm(put, keys=True)

    def _doubtful(self, question: Question, heard: Heard) -> bool:
        choice = question.choice(heard.choice)
        return (
            choice is not None
            and choice in question.choices
            and heard.by is By.SPEECH
            and (choice.costly or not heard.sure)
        )

    def _settle(self, put: _Put, answer: Answer) -> Action:
        name = put.step
        step, question = self._script.steps[name], self._script.questions[name]
        assert isinstance(step, AskStep)
        self._put = None
        choice = question.choice(answer.choice) if answer.choice else None
        self._note(_reply(put, question, answer, choice))
        if choice is not None:
            self._answers[name] = choice.code
            return self._enter(step.when.get(choice.code) or self._script.after(name))
        if step.no_answer is not None:
            return self._enter(step.no_answer)
        speechless = answer.by is By.NO_INPUT and not self._care
        return self._enter(self._script.silence if speechless else self._script.person)

    def _to_person(self, step: str, heard: Heard) -> Action:
        question = self._script.questions.get(step)
        self._put = None
        self._note(
            Reply(
                step, question.id if question else "", PERSON, self._command(PERSON).label,
                heard.by, key=heard.choice if heard.by is By.KEY else "", score=heard.score,
                engine=heard.engine, transcript=heard.transcript, samples=heard.samples,
            )
        )  # fmt: skip
        return self._enter(self._script.person)

    # --- what is said for a question

    def _say_question(self, put: _Put) -> Action:
        return self._asking(put, (put.step, *self._keys(put, always=not put.speech)))

    def _say_again(self, put: _Put, why: Again, *, keys: bool) -> Action:
        step = self._script.steps[put.step]
        assert isinstance(step, AskStep)
        own = getattr(step, why.value)
        shared = texts.NO_INPUT if why is Again.NO_INPUT else texts.NO_MATCH
        sorry = texts.part(put.step, why.value) if own else shared
        retries = min(step.retries, 1) if self._care else step.retries
        if keys or put.failed >= retries:
            told = self._keys(put, always=True) or (put.step,)
        else:
            told = (put.step, *self._keys(put, always=not put.speech))
        return self._asking(put, (sorry, *told))

    def _deaf(self, put: _Put, *, told: bool) -> Action:
        """The question goes on by keys; `told`: it has not been put yet."""
        if put.confirming is not None:
            return self._say_confirm(put, keys=True, sorry=() if told else (texts.PRESS_KEYS,))
        keys = self._keys(put, always=True)
        if told:
            return self._asking(put, (put.step, *keys))
        return self._asking(put, (texts.PRESS_KEYS, *(keys or (put.step,))))

    def _say_confirm(self, put: _Put, *, keys: bool, sorry: tuple[str, ...] = ()) -> Action:
        assert put.confirming is not None
        sounds = (*sorry, texts.part(put.step, "confirm", put.confirming.choice))
        if keys or not put.speech:
            sounds = (*sounds, texts.CONFIRM_KEYS)
        return self._asking(put, sounds)

    def _keys(self, put: _Put, *, always: bool) -> tuple[str, ...]:
        """The sound that tells the keys; none where the question has told them."""
        tells = self._script.tells_keys(put.step)
        return (texts.part(put.step, "keys"),) if always and not tells else ()

    def _asking(self, put: _Put, sounds: tuple[str, ...]) -> Action:
        if self._asks >= MOST_ASKS:
            return self._settle(put, Answer(None, By.NO_MATCH, put.failed + 1))
        self._asks += 1
        step = self._script.steps[put.step]
        assert isinstance(step, AskStep)
        question, confirms = self._script.questions[put.step], None
        if put.confirming is not None and self._script.confirming is not None:
            question, confirms = self._script.confirming, put.confirming.choice
        self._action = Ask(put.step, sounds, question, step.wait, put.speech, confirms)
        return self._action

    # --- the parts

    def _code(self, heard: Heard, question: Question | None = None) -> str:
        """The code of what was said or pressed, "" when it means nothing here."""
        if question is None:
            asked = self._put and self._script.questions[self._put.step]
            question = asked or Question("", (), self._commands)
        if heard.by is not By.KEY:
            return heard.choice
        meanings = (*question.choices, *self._commands)
        return next((one.code for one in meanings if one.key == heard.choice), "")

    @property
    def _commands(self) -> tuple[Choice, ...]:
        return self._script.commands

    def _command(self, code: str) -> Choice:
        return next(one for one in self._commands if one.code == code)

    def _note(self, reply: Reply) -> None:
        self.replies.append(reply)

    def _result(self, word: str) -> Result:
        wants = word == PERSON_RESULT or any(one.choice == PERSON for one in self.replies)
        return Result(word, tuple(self.replies), PERSON if wants else "")

    def _ends(self) -> set[str]:
        """The words of the ends that answers can still lead to."""
        found: set[str] = set()
        seen: set[str] = set()
        ahead = [self._action.step] if self._action else []
        while ahead:
            name = ahead.pop()
            if name in seen:
                continue
            seen.add(name)
            step = self._script.steps[name]
            if isinstance(step, EndStep):
                found.add(step.end)
            elif isinstance(step, TransferStep):
                found.add(PERSON_RESULT)
            elif isinstance(step, BranchStep):
                ahead += [to for to in [self._branch(name, step)] if to]
            else:
                ahead += [way.to for way in self._script.ways(name)]
        return found


def _can_be_said(question: Question) -> bool:
    return any(one.variants for one in question.choices)


def _reply(put: _Put, question: Question, answer: Answer, choice: Choice | None) -> Reply:
    heard = put.last or Heard("")
    pressed = choice is not None and answer.by is By.KEY
    return Reply(
        step=put.step,
        question=question.id,
        choice=choice.code if choice else None,
        label=choice.label if choice else "",
        by=answer.by,
        key=choice.key if choice is not None and pressed else "",
        score=heard.score,
        engine=heard.engine,
        transcript=heard.transcript,
        tries=answer.tries,
        samples=heard.samples,
    )
