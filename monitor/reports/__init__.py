"""The read side: figures from the views, charts, and reports that marketing can open anywhere."""
