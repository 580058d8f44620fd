"""The one error that is meant for people."""


class HandwritingError(Exception):
    """Something a person can mend; the message says what is wrong, where, and what to do."""
