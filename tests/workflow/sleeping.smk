"""Jobs that sleep. Each tells when it begins and ends, and whether another one makes the same file at the same time."""

import os
import time


def seconds(wildcards):
    # A large workflow takes its time to plan, after it has looked at what there is.
    time.sleep(float(os.environ.get("PLANNED_IN_S", 0)))
    return config["seconds"] * (1 + int(wildcards.n) % 3)


rule all:
    input:
        expand("made/{n}", n=range(int(config["count"]))),


rule sleeping:
    output:
        "made/{n}",
    params:
        seconds=seconds,
        # An output that is there before it is whole, as most programs leave it; or one that is not.
        begin=lambda w, output: f"echo begun > {output}" if config.get("partial") else ":",
    shell:
        """
        mkdir -p told
        exec 9>> told/{wildcards.n}.lock
        flock --nonblock 9 || {{ echo "second $PJM_JOBID" >> told/{wildcards.n}; exit 1; }}
        echo "begin $PJM_JOBID" >> told/{wildcards.n}
        {params.begin}
        sleep {params.seconds}
        echo "$PJM_JOBID" > {output}
        echo "end $PJM_JOBID" >> told/{wildcards.n}
        """
