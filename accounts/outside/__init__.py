"""How this house talks to machines outside: whom it may post to, and many of them at once."""
