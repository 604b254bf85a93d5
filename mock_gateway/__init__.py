"""A payment and eligibility gateway to rehearse against.

It shares no code with its callers on purpose: if both sides used one codec, a wrong spelling
would be invisible to both.
"""
