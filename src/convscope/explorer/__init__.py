"""The atlas in a browser: one set of pages, served on loopback or published as files; no torch."""
