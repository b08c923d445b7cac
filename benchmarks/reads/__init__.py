"""What reading and writing cost, against other ways to do the same, and as the registry grows."""
