"""Documents out and ground truth in: pages with their lines in the formats of the field."""
