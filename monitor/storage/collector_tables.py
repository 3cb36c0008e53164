"""Tables of the collectors. `metadata` is that of `monitor.storage.tables`, with these in it."""
