"""The line reader: pictures of words and lines to text."""
