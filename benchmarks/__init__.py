"""Benchmarks of speed and memory; each module runs as ``python -m benchmarks.<name>``.

Results are printed, and written to metrics/benchmarks/ only with ``--save``. ``--quick`` tries a
benchmark out in seconds. Other work on the machine distorts the results.
"""

import handwriting.python_version  # noqa: F401 - before what an older Python lacks
