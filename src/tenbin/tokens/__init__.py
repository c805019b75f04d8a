"""Text into tokens: the tokenizer, and the memory-mapped pairs that training and scoring read."""
