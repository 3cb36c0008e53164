"""Tables of what was deleted. `metadata` is that of `monitor.storage.tables`, with these in it."""
