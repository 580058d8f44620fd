"""Generated data, for trying things out and for tests."""
