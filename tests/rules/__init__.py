"""Tests of the rules that need no database."""
