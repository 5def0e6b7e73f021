"""Answering questions: read what is remembered, or look and remember."""
