"""One number, several households: one call tells them all. Pure."""

from collections.abc import Iterable

from ivr.outbound.model import Task


def leaders(tasks: Iterable[Task]) -> dict[str, str]:
    """Task → the earlier task of the same campaign whose call tells it too.

    They share the number that is tried first. Whoever shares another one is told
    by it as well, but only once it was that number that was answered.
    """
    first: dict[str, str] = {}
    found = {}
    for task in tasks:
        if task.outcome is None and task.numbers:
            leader = first.setdefault(task.numbers[0], task.id)
            if leader != task.id:
                found[task.id] = leader
    return found
