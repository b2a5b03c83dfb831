"""Compiler: operations become Python functions."""
