"""Partners' files: read into records here, then stored and applied."""
