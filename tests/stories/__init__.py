"""Stories: several commands, the worker and the ledger, on the real database."""
