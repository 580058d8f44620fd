"""Conversion of image files and pen strokes to model inputs; without PyTorch."""
