"""What the stages and the page share, in wings that follow the data's way.

From the ground up: `labels`, `errors`, `files`, `cli`, `runs`, `plots`; then `compute` (devices,
ranks), `imaging` (ink to 28x28), `datasets` (what is trained and measured on), `emnist` (the
archive and its label sets), `synthesis` (generated archives), `recognition` (weights to answers),
`evaluation` (figures), `training` (runs, recipes, losses) and `web` (the page). A file imports only
what stands below it; nothing here imports a stage.
"""

import handwriting.python_version  # noqa: F401 - before what an older Python lacks
