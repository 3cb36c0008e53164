"""Tables of what was pruned. `metadata` is that of `monitor.storage.tables`, with these in it."""
