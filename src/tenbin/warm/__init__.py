"""A warm start for jobs: a process that has imported what a program needs, and forks one process a job.

A study of many small runs has hundreds of jobs of a second or two, of which importing torch and its like is the larger
part. Snakemake's own jobs stay as they are, one process with its files, its log and its exit status each: `python
"$TENBIN_SCRIPTS"/score_run.py` starts a small client (`client`) that hands arguments, environment and files to the
worker (`worker`), waits for the process that the worker forks (`forked`), and ends as that one ends. Whatever is amiss
before the job began, it starts cold, as if there were no worker, and says so.

A worker is of one Snakemake call, one interpreter, one checkout and one environment; so nothing that a library reads
from the environment at import is another than the job's. It ends with Snakemake and its last job.
"""
