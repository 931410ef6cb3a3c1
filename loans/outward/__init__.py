"""What partners are told: written with the fact, posted afterwards, and there to be asked for again."""
