"""The atlas on disk: written, read and verified without torch (docs/atlas-format.md)."""
