"""From saved weights to characters with probabilities."""
