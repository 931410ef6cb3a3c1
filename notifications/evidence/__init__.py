"""Seals the record of what happened, proves that a seal still holds, and hands the proof out as a pack."""
