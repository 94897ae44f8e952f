"""Tables as people write them: separators, names, numbers, dates and their steps.

What a table means is decided from all of it and said in one line, or it is refused.
"""
