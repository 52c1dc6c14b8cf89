"""Which segment may stand where (tables, matcher) and what a segment must look like (layouts)."""
