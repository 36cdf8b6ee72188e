"""What may go wrong, as one sentence each: what happened and what to do next."""


class LabError(Exception):
    """The lab could not do it. `str(error)` is one sentence for the person at the terminal."""

    exit_code = 1


class UsageError(LabError):
    """The request itself was wrong: an unknown name, a value out of range."""

    exit_code = 2


class CheckFailed(LabError):
    """The work was done and the answer is no: a test failed, a check did not pass."""

    exit_code = 3
