"""The commands of `brand-monitor`, one group per module; they parse, call a room, and print what it says."""
