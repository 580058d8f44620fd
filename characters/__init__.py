"""What the stages and the page share: labels, archives, batches, runs, plots.

Nothing in this package imports a stage or the page.
"""
