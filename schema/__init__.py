"""The schema floor: what a client may ask, and the words of the answer."""
