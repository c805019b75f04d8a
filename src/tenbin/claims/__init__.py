"""Claims as data: read from a file, judged by numbers of the scaling stage, told in English and Japanese."""
