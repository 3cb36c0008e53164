"""What happened: every brand beside its own usual, the largest things first, in plain sentences."""
