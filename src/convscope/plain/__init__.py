"""Plain values that every other room speaks in; nothing here imports torch."""
