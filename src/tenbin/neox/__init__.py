"""The engine `neox`: a checkout of EleutherAI/gpt-neox, fed with this project's files and run under DeepSpeed.

`config` renders its one run.yml, `links` lays out data under its names, `engine` starts it and follows its log,
`rank_program` is what each process runs, and `export` reads the weights out of its checkpoints.
"""
