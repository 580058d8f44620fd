"""A training run: recipe, loss, optimiser, state, calibration; the fitting of sizes."""
