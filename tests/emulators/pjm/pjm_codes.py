"""PJM codes (PC) that the emulator gives, from the manual's list."""

DELETED = 1
REJECTED = 2
HELD = 4
ELAPSE_LIMIT = 11
NO_DIRECTORY = 16
NODE_FAILURE = 20
SHELL_FAILED = 21
