"""What every room reads and nothing else declares: the columns of the model, and what assistance acts on."""
