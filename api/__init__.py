"""The top floor: HTTP, credentials, settings, the clock, the worker and the command line."""
