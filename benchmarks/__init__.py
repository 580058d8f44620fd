"""How fast things are: each module is run as ``python -m benchmarks.<name>``.

All print what they measure and write it to metrics/benchmarks/ only with ``--save``; ``--quick``
tries one out in seconds. Other work on the machine spoils the figures.
"""

import handwriting.python_version  # noqa: F401 - before what an older Python lacks
