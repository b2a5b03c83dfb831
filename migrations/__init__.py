"""Migrations: made by the tool, read and mended by a person; they only expand."""
