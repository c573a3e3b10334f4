"""A worker process: answers in, what they mean out, until its parent is gone.

`ivr.talk.speech.workers` starts it as `python -m ivr.talk.speech.worker`.
"""

import os
import pickle
import signal
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np

from ivr.talk.speech.base import Engine
from ivr.talk.speech.messages import HEADER, Done, Job, packed

_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


def _receive(source: IO[bytes]) -> Any:
    """The next message; None when there will be none."""
    header = source.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    content = source.read(HEADER.unpack(header)[0])
    return pickle.loads(content)


def _work(engine: Engine, job: Job) -> Done:
    recognised, problem, unheard = None, "", list[str]()
    try:
        if job.samples is None:
            engine.learn(job.question)
            unheard = engine.unheard(job.question)
        else:
            samples = np.frombuffer(job.samples, np.int16)
            recognised = engine.recognise(samples, job.question)
    except Exception as error:  # one answer's fault is not the next one's
        problem = f"{type(error).__name__}: {error}"
    return Done(recognised, _memory_mb(), problem, tuple(unheard))


def _memory_mb() -> float:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_MB


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what native code prints must not get between the messages
    engine: Engine = _receive(sys.stdin.buffer)
    while (job := _receive(sys.stdin.buffer)) is not None:
        try:
            out.write(packed(_work(engine, job)))
            out.flush()
        except BrokenPipeError:
            return


if __name__ == "__main__":
    main()
