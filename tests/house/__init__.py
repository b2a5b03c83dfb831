"""The house: rules no linter knows."""
