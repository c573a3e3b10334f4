"""Whisper-base as a judge of a closed set: never asked what was said, but how well answers fit.

Every phrase is forced upon the decoder; its log-probability, the end of the text included, is
held against that of the same phrase over near-silence. So what the model likes to say anyway
(谢谢) gains nothing, and a choice is made among answers, not among all the words there are.
Whether it is an answer at all is told by three things: how far it is above near-silence, how
far below what the model would have written of its own accord, and how far before the next
answer that means something else.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ivr.talk.line import RATE, Pcm
from ivr.talk.speech.base import Choice, Question, Recognised
from ivr.talk.speech.features import log_mel, wideband

_WINDOWS = (300, 600)
"""Frames of 10 ms that are encoded, instead of the 3,000 the model was trained on: the time an
answer takes grows with them, what is recognised does not."""

LONGEST_S = _WINDOWS[-1] / 100 - 0.2
"""A longer utterance is no answer of a closed set."""

_LAMBDA = 0.4  # of the near-silence score that is taken off when phrases are compared
_MOST_AHEAD = 5.0  # natural logs; more is no better

_ODDS = (-1.25, 0.49, 0.34, 0.64)
"""A logistic regression on 488 answers and other words of six voices of the machine and one
person, at 8 kHz. Fitted without a voice, it accepts 96 % of that voice's answers (all of the
person's), and 1 % of its other words; the constant is set a little stricter than that."""

_SPELLINGS = {"转": "赚"}
"""Signs that are tried in another spelling too: 转人工 alone is understood of 20 of 24 clean
answers and 15 with noise of 20 dB, either way it is of 24 and 21, and nothing else is less."""

_PROMPT = ("<|startoftranscript|>", "<|{}|>", "<|transcribe|>", "<|notimestamps|>")
_END = "<|endoftext|>"
_HUSH = 3.0  # the near-silence: noise of an idle line, in units of 16 bits

_Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What speaks for a phrase, in natural logs."""

    phrase: str
    choice: Choice
    above_hush: float  # than over near-silence
    above_free: float  # than what the model writes unforced; mostly below 0
    ahead: float  # of the next phrase that means something else

    @property
    def odds(self) -> float:
        """That this was said, as a log; 0 is even. Between two meanings nothing is sure."""
        measures = (1.0, self.above_hush, self.above_free, min(self.ahead, _MOST_AHEAD))
        return min(float(np.dot(_ODDS, measures)), 3 * self.ahead - 2)


@dataclass(eq=False)
class WhisperEngine:
    """`folder` holds model.bin, config.json, tokenizer.json, vocabulary.json."""

    folder: Path
    language: str = "zh"
    threads: int = 1
    name: str = field(init=False, default="whisper")
    _hushed: dict[tuple[int, str], float] = field(init=False, default_factory=dict)

    def learn(self, question: Question) -> None:
        texts = [text for text, _, _ in _spelt(question)]
        for frames in _WINDOWS:
            self._hush(texts, frames)

    def recognise(self, samples: Pcm, question: Question) -> Recognised:
        begun = time.monotonic()
        phrase, choice, odds = "", None, float("-inf")
        if 0 < len(samples) / RATE <= LONGEST_S:
            evidence = self.evidence(samples, question)
            phrase, choice, odds = evidence.phrase, evidence.choice, evidence.odds
        score = 1 / (1 + exp(-max(-60.0, odds)))
        return Recognised(
            choice.code if choice is not None and score >= question.threshold else None,
            round(score, 3),
            phrase,
            self.name,
            round((time.monotonic() - begun) * 1000, 1),
        )

    def evidence(self, samples: Pcm, question: Question) -> "Evidence":
        """The phrase that fits best, and what speaks for it."""
        spelt = list(_spelt(question))
        texts = [text for text, _, _ in spelt]
        frames = next(window for window in _WINDOWS if len(samples) / RATE <= window / 100 - 0.2)
        hush = self._hush(texts, frames)
        *fits, freely = self._fit(samples, [*texts, None], frames)
        fit = np.array(fits)
        even = fit - _LAMBDA * hush
        best = int(np.argmax(even))
        _, phrase, choice = spelt[best]
        others = [even[at] for at, (*_, one) in enumerate(spelt) if one.code != choice.code]
        return Evidence(
            phrase,
            choice,
            float(fit[best] - hush[best]),
            float(fit[best] - freely),
            float(even[best] - max(others)) if others else _MOST_AHEAD,
        )

    def unheard(self, question: Question) -> list[str]:
        """None: it spells whatever can be written."""
        return []

    def transcribe(self, samples: Pcm) -> str:
        """What it makes of `samples` without being told the answers; for comparison only."""
        features = log_mel(wideband(samples), 3000)
        (result,) = self._model.generate(_stored(features[None]), [self._prompt], beam_size=5)
        return str(self._tokenizer.decode(result.sequences_ids[0])).strip()

    def _hush(self, texts: list[str], frames: int) -> _Scores:
        """How well each text fits near-silence; worked out once."""
        unknown = [text for text in texts if (frames, text) not in self._hushed]
        if unknown:
            drawn = np.random.default_rng(0).standard_normal(frames * RATE // 100)
            scores = self._fit((drawn * _HUSH).astype(np.int16), unknown, frames)
            for text, score in zip(unknown, scores, strict=True):
                self._hushed[frames, text] = float(score)
        return np.array([self._hushed[frames, text] for text in texts])

    def _fit(self, samples: Pcm, phrases: Sequence[str | None], frames: int) -> list[float]:
        """The log-probability of each phrase as the whole of what is said in `samples`.

        None stands for what the model writes when nothing is forced upon it.
        """
        texts = [
            [] if one is None else self._tokenizer.encode(one, add_special_tokens=False).ids
            for one in phrases
        ]
        longest = max(map(len, texts))
        heard = np.array(self._model.encode(_stored(log_mel(wideband(samples), frames)[None])))
        results = self._model.generate(
            _stored(np.repeat(heard, len(texts), axis=0)),
            [self._prompt + text for text in texts],
            beam_size=1,
            # half of it is decoded; the end of the longest forced text must be reached
            max_length=2 * max(longest + 1, len(self._prompt) + longest // 2 + 1),
            return_logits_vocab=True,
            suppress_blank=False,
            suppress_tokens=[],
        )
        return [
            sum(
                _log_probability(np.asarray(logits), token)
                for token, logits in zip(
                    [*(text or result.sequences_ids[0]), self._end], result.logits[0], strict=False
                )
            )
            for text, result in zip(texts, results, strict=True)
        ]

    # --- the model, loaded when first used

    @cached_property
    def _model(self) -> Any:
        import ctranslate2

        return ctranslate2.models.Whisper(
            str(self.folder), compute_type="int8", intra_threads=self.threads, inter_threads=1
        )

    @cached_property
    def _tokenizer(self) -> Any:
        import tokenizers

        return tokenizers.Tokenizer.from_file(str(self.folder / "tokenizer.json"))

    @cached_property
    def _prompt(self) -> list[int]:
        return [self._tokenizer.token_to_id(one.format(self.language)) for one in _PROMPT]

    @cached_property
    def _end(self) -> int:
        return int(self._tokenizer.token_to_id(_END))


def _spelt(question: Question) -> Iterator[tuple[str, str, Choice]]:
    """Everything that is forced upon the model, with the phrase it stands for and its meaning."""
    signs = str.maketrans(_SPELLINGS)
    for phrase, choice in question.phrases():
        for text in dict.fromkeys((phrase, phrase.translate(signs))):
            yield text, phrase, choice


def _stored(values: NDArray[np.float32]) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(values)


def _log_probability(logits: NDArray[np.float32], token: int) -> float:
    top = logits.max()
    return float(logits[token] - top - np.log(np.exp(logits - top).sum()))
