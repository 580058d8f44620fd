"""The exception for errors that people can fix."""


class HandwritingError(Exception):
    """An error that a person can fix; the message names the fault, its place and the remedy."""
