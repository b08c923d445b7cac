"""A synthetic city of any number of initiatives, in the registry's own tables; the same again for the same seed."""
