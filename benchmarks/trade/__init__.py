"""Trade: a year of a programme's life, lived by the real commands a day at a time."""
