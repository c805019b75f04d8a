"""Training by the engine `torch`: one run from its spec to a Hugging Face folder, in segments that can be stopped."""
