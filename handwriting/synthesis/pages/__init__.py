"""Composed pages with their truth: what the layout network is trained on beside real pages."""

from handwriting.synthesis.pages.composer import PageComposer
from handwriting.synthesis.pages.sources import PageSources

__all__ = ["PageComposer", "PageSources"]
