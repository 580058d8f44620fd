"""Data for training and evaluation: prepared EMNIST, external sets, and batches of both."""
