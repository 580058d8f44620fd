"""From a photograph of a page to its lines, words and text."""
