"""Examples of a run's errors, from the test set of stage 1."""

import numpy as np
import streamlit as st

from handwriting.datasets.prepared import PROCESSED, load_images
from handwriting.errors import HandwritingError
from handwriting.labels import CLASSES
from handwriting.runs import RunFiles, build_network, load_weights
from models import fuse_batch_norm, predict_logits

_ACROSS, _DOWN = 8, 4
_GAP = 2


@st.cache_data(show_spinner=False, max_entries=64)
def find_mistakes(run: RunFiles, modified: float, true: str, read: str) -> np.ndarray:
    """Test images of one character that a run predicts as another.

    Args:
        run: the run.
        modified: modification time of its weights, in seconds, for the cache.
        true: true character.
        read: predicted character.

    Returns:
        uint8 (N, 28, 28), N at most 32.

    Raises:
        HandwritingError: there is no output of stage 1, or the weights were trained on another
            archive.
    """
    content = load_weights(run.weights)
    data = load_images(PROCESSED, "test")
    if content.get("fingerprint") != data.fingerprint:
        raise HandwritingError(f"{run.name} was trained on another archive than {PROCESSED} holds.")
    images = data.subset(data.labels == CLASSES.index(true)).images
    if not len(images):
        return images.numpy()
    network = fuse_batch_norm(build_network(content, run.weights))
    taken = predict_logits(network, images).argmax(dim=1) == CLASSES.index(read)
    return images[taken][: _ACROSS * _DOWN].numpy()


def contact_sheet(images: np.ndarray) -> np.ndarray:
    """uint8 (rows, columns): images uint8 (N, 28, 28) on grey, eight in a row."""
    down = -(-len(images) // _ACROSS)
    side = images.shape[1] + _GAP
    sheet = np.full((down * side, _ACROSS * side), 128, dtype=np.uint8)
    for k, image in enumerate(images):
        row, column = side * (k // _ACROSS), side * (k % _ACROSS)
        sheet[row : row + images.shape[1], column : column + images.shape[2]] = image
    return sheet


def show_examples(run: RunFiles, true: str, read: str) -> None:
    """Show images of an error, or that there are none.

    Raises:
        HandwritingError: as :func:`find_mistakes`.
    """
    images = find_mistakes(run, run.weights.stat().st_mtime, true, read)
    if len(images):
        words = f"{run.name}: {true} predicted as {read}"
        st.image(contact_sheet(images), words, width="stretch", alt=words)
    else:
        st.caption(f"{run.name} has never predicted {true} as {read}.")
