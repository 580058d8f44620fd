"""How well characters are read, and why: each module is run as ``python -m studies.<name>``.

All print what they measure and write it to metrics/studies/ only with ``--save``; ``--quick`` tries
one out in seconds.
"""

import handwriting.python_version  # noqa: F401 - before what an older Python lacks
