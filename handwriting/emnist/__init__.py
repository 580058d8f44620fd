"""The EMNIST archive: its files, its labels, and images that occur in several splits."""
