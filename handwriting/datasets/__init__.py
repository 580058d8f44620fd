"""What is trained and measured on: prepared data, sets from elsewhere, batches of both."""
