"""Where and on how many processes to compute."""
