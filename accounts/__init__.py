"""Who the person is, how they can be reached, what they agreed to."""
