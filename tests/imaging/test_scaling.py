"""A scaled image has whole pixels, at least one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from handwriting.imaging.scaling import scaled


@given(st.integers(1, 300), st.integers(1, 300), st.floats(1e-4, 2))
def test_no_side_vanishes(height, width, scale):
    small = scaled(np.full((height, width), 200, dtype=np.uint8), scale)
    assert (small == 200).all()
    for side, had in zip(small.shape, (height, width), strict=True):
        assert side >= 1 and abs(side - scale * had) <= max(0.5, 1 - scale * had) + 1e-9
