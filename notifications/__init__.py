"""What to tell, when, how, did it arrive, do they know."""
