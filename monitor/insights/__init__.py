"""What happened to a brand, how large and how sure it is, and what made it."""
