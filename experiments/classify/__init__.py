"""Scripts over finished runs of classifiers."""
