"""The partners' interface, as far as it is about loans."""
