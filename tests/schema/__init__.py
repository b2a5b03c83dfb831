"""The schema: from a document to the ledger and back."""
