"""The same collection over the same tables by other means, for the benchmark to compare with."""
