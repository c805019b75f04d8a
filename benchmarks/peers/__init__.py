"""What is compared: a module a program, each with `train` and, where it can score, `score`.

Both take the work, the setting and an iterator of batches of token ids [16, 513], and run until it
ends the process. All train with
AdamW, gradients clipped to a norm of 1, on the same network: GPT-NeoX's parallel residual, rotary embeddings on a
quarter of each head, untied embeddings.
"""
