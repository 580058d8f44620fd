"""Studies of accuracy; each module runs as ``python -m studies.<name>``.

Results are printed, and written to metrics/studies/ only with ``--save``. ``--quick`` tries a study
out in seconds.
"""

import handwriting.python_version  # noqa: F401 - before what an older Python lacks
