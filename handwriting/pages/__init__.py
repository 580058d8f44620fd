"""Page reading: from a photograph to lines, words and text."""
