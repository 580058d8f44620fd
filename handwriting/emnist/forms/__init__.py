"""The forms in which the archive is handed on, one room each; the first that fits wins."""

from handwriting.emnist.forms import csv, idx, matlab, parquet
from handwriting.emnist.forms.common import Form

FORMS: tuple[Form, ...] = (idx, matlab, parquet, csv)
