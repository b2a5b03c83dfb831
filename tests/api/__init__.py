"""Tests of the roof: outside services and pages."""
