"""The forms in which the archive is distributed, one module each; the first complete one wins."""

from handwriting.emnist.forms import csv, idx, matlab, parquet
from handwriting.emnist.forms.common import Form

FORMS: tuple[Form, ...] = (idx, matlab, parquet, csv)
