"""The words of every message: where they are written, what may be filled in, and how that is done fast and safely."""
