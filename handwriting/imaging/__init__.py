"""From picture files and pen strokes to 28x28 images as EMNIST made them; no torch."""
