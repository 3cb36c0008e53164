"""The public text sets: where they are, how they are fetched, how each becomes the columns we train on."""
