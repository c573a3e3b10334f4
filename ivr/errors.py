"""Errors that a person at the keyboard can mend."""


class UserError(Exception):
    """One sentence: what is wrong, where, and what to do.

    The command line prints it without a stack trace and exits with 2; the API
    answers it as a 4xx problem. Never raise it for a defect of ours.
    """
