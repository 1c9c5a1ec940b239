"""The same model in the plain Mesa idiom: what the rules are held against, in tests and in the benchmark."""
