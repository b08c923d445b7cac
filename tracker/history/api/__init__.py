"""History over HTTP: of one record, of one revision, and of everything in the order of its commits."""
