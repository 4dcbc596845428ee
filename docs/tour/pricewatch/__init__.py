"""Polls market prices and tells people when one crosses their line."""
