"""What a policy would have done to a past book: the ladders run against dice instead of providers. Sends nothing."""
