"""The Pythons that the project runs on; importing this file or running it refuses another one.

    python handwriting/python_version.py

An older Python must be able to read this file, and the files that import it before all else.
"""

import sys

OLDEST, NEWEST = (3, 11), (3, 14)
"""The language of the code, and the newest that the wheels of PyTorch in requirements.txt serve."""


def version_fault(version: tuple) -> str:
    """What is wrong with a Python of this version, ``(major, minor, …)``; empty if nothing is."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return ""
    found, oldest, newest = ("{}.{}".format(*numbers[:2]) for numbers in (version, OLDEST, NEWEST))
    return (
        f"this is Python {found}, but Python {oldest} to {newest} is needed. "
        "Install one of these and run the command with it."
    )


if version_fault(sys.version_info):
    raise SystemExit("error: " + version_fault(sys.version_info))
