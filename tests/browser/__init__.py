"""The pages, in a real browser that reaches no other server. `make browser` runs these; they need Chromium."""
