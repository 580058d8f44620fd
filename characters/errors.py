"""Errors meant for people, and the one place where a script turns them into an exit code.

A script ends with ``raise SystemExit(run_script(main))``.
"""

import errno
import sys
from collections.abc import Callable

_DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class CharactersError(Exception):
    """Something a person can mend; the message says what is wrong, where, and what to do."""


def run_script(main: Callable[[], object]) -> int:
    """Run ``main`` and return the exit code of the script.

    0 for success, 1 for an error that a person can mend (one line on standard error, no
    traceback), 130 for Ctrl-C. Other exceptions are bugs and keep their traceback.
    """
    try:
        main()
    except CharactersError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt:
        return _fail("stopped by Ctrl-C; files written before are unchanged.", 130)
    except OSError as error:
        if error.errno in _DISK_FULL:
            place = f" writing {error.filename}" if error.filename else ""
            return _fail(
                f"the disk is full{place}; earlier results are unchanged. "
                "Free some space and run the same command again.",
                1,
            )
        if error.filename is None:
            raise
        return _fail(f"{error.filename}: {error.strerror}. Check the path and its permissions.", 1)
    return 0


def _fail(message: str, code: int) -> int:
    print(f"\nerror: {message}", file=sys.stderr)
    return code
