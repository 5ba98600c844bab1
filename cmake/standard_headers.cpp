// A precompiled header belongs to a target with a source file; this is the one of florin_standard_headers.
