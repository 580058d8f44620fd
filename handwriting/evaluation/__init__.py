"""Figures of a trained network, their plots and tables."""
