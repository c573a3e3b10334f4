"""Music on hold, made here: a slow pentatonic melody over soft chords that loops without a seam.

Nobody holds rights in it but the project. Plucked tones with few overtones, all
within the telephone's band, so that it survives the narrow line.
"""

import numpy as np

from ivr.talk.audio import Audio, Samples, level

VERSION = 1
_BEAT_S = 0.75
_LOUDNESS_DB = -27.0  # well under the voice
_A4 = 69

# One line a bar of four beats: the chord, then what the melody plays on each beat (MIDI; 0: rest).
_BARS = (
    ((60, 64, 67), (76, 0, 79, 0)),
    ((57, 60, 64), (81, 79, 76, 0)),
    ((53, 57, 60), (72, 0, 74, 76)),
    ((55, 59, 62), (74, 0, 0, 0)),
    ((60, 64, 67), (76, 0, 79, 81)),
    ((57, 60, 64), (84, 0, 81, 0)),
    ((53, 57, 60), (79, 76, 74, 72)),
    ((55, 59, 62), (74, 0, 67, 0)),
    ((57, 60, 64), (69, 0, 72, 74)),
    ((52, 55, 59), (76, 0, 74, 0)),
    ((53, 57, 60), (72, 74, 76, 79)),
    ((60, 64, 67), (76, 0, 0, 0)),
    ((62, 65, 69), (74, 0, 77, 76)),
    ((55, 59, 62), (74, 0, 71, 0)),
    ((60, 64, 67), (72, 0, 67, 0)),
    ((60, 64, 67), (72, 0, 0, 0)),
)


def melody(rate: int) -> Audio:
    """48 seconds; the end rings into the beginning, so it can be repeated for ever."""
    samples = np.zeros(round(len(_BARS) * 4 * _BEAT_S * rate), np.float32)
    for bar, (chord, line) in enumerate(_BARS):
        beat = bar * 4
        for voice, note in enumerate(chord):
            _add(samples, _tone(note, 4.5, rate, gain=0.35, decay=0.5), beat + voice * 0.08, rate)
        for offset, note in enumerate(line):
            if note:
                _add(samples, _tone(note, 2.6, rate, gain=1.0, decay=1.1), beat + offset, rate)
    return level(Audio(samples, rate), loudness=_LOUDNESS_DB)


def _tone(note: int, seconds: float, rate: int, gain: float, decay: float) -> Samples:
    """A soft pluck: five overtones, the higher the sooner gone."""
    hertz = 440.0 * 2 ** ((note - _A4) / 12)
    time = np.arange(round(seconds * rate)) / rate
    sound = sum(
        np.sin(2 * np.pi * hertz * k * time) * np.exp(-time * decay * (1 + 0.8 * k)) / k**1.6
        for k in range(1, 6)
        if hertz * k < min(3_400, rate / 2)
    )
    attack = np.minimum(1.0, time / 0.02)
    release = np.minimum(1.0, (seconds - time) / 0.3)
    return np.asarray(gain * sound * attack * release, np.float32)


def _add(samples: Samples, tone: Samples, beat: float, rate: int) -> None:
    at = round(beat * _BEAT_S * rate)
    places = np.arange(at, at + len(tone)) % len(samples)
    samples[places] += tone
