"""Renderers: a verdict as JSON and on the terminal."""
