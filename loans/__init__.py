"""What is owed, what each firm says about it, disputes."""
