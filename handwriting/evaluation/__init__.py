"""Metrics of trained models, with their plots and tables."""
