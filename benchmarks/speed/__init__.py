"""Speed: what a request costs here, beside what the same request costs elsewhere, on one database in one run."""
