"""Memory of the web app: unused objects are freed automatically."""

import pytest

from tests.support import run_program

VISITS = """
import gc, sys, weakref
from handwriting.web.memory import collect_often

class Window:
    def __init__(self):
        self.itself = self

# As many objects as the page's libraries bring along.
libraries = [[] for _ in range(250_000)]
if sys.argv[1] == "often":
    collect_often()
open_windows = [Window() for _ in range(20)]
windows = [weakref.ref(window) for window in open_windows]
# They stay open until they are old.
gc.collect()
open_windows.clear()
for _ in range(300):
    stroke = [[] for _ in range(1000)]
print(sum(window() is not None for window in windows))
"""


@pytest.mark.parametrize(("how", "left"), [("often", 0), ("seldom", 20)])
def test_closed_windows_are_freed_soon(how, left):
    assert int(run_program(VISITS, how).split()[-1]) == left
