"""Supported versions of Python; importing or running this file rejects all others.

    python handwriting/python_version.py

An older Python must be able to parse this file and the files that import it first.
"""

import sys

OLDEST, NEWEST = (3, 11), (3, 14)
"""Versions of the code's syntax, and the newest with wheels of PyTorch in requirements.txt."""


def version_fault(version: tuple) -> str:
    """Error sentence for a Python version ``(major, minor, …)``; empty if it is supported."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return ""
    found, oldest, newest = ("{}.{}".format(*numbers[:2]) for numbers in (version, OLDEST, NEWEST))
    return (
        f"this is Python {found}, but Python {oldest} to {newest} is needed. "
        "Install one of these and run the command with it."
    )


if version_fault(sys.version_info):
    raise SystemExit("error: " + version_fault(sys.version_info))
