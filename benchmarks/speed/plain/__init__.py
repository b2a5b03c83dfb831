"""The plain server: strawberry's view, Tortoise's models and DataLoaders, as their guides have it."""
