"""NIST's archive: its files, the meaning of its labels, the same image in several splits."""
