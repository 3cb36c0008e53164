"""Where results are kept: tables, the idempotent batch writer, the picture store, the audit."""
