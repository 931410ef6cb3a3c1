"""Events that partners push: a catalogue of types, read to the same records as files, applied by the same hands."""
