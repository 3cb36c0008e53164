"""Reads corpora: texts and annotated pictures, with their splits."""
