"""Training runs: recipe, loss, optimiser, checkpoints, calibration and the fitting of sizes."""
