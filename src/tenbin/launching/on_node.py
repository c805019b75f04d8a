"""What Slurm or MPI starts once on every node: torch's launcher, told which node it is on."""

import argparse
import os
import sys
from collections.abc import Mapping

from tenbin.launching.commands import AGENT, static_launcher
from tenbin.launching.death import leave_signals_to_the_job

NODE_RANKS = ("SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK")
"""One process runs on each node, so that its rank among them is the node's; the first that is set counts."""


def node_rank(environment: Mapping[str, str], starter: str) -> int:
    """Return this node's position among the nodes; under mpirun Slurm's variables, if any, are those of the job."""
    names = [name for name in NODE_RANKS if name.startswith("SLURM") == (starter == "srun")]
    found = [environment[name] for name in names if name in environment]
    if not found:
        sys.exit(f"tenbin: error: {starter} set none of {', '.join(names)}: this process does not know its node's rank")
    return int(found[0])


def split_program(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return this program's own arguments and, after `--`, what each rank runs after the interpreter."""
    place = arguments.index("--")
    return arguments[:place], arguments[place + 1 :]


def main() -> None:
    """Become torch's launcher."""
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [options] -- program ...")
    parser.add_argument("--starter", required=True, help="srun or mpirun: who started this")
    parser.add_argument("--nodes", type=int, required=True, help="nodes of the job that take part")
    parser.add_argument("--ranks-per-node", type=int, required=True, help="processes to start here")
    parser.add_argument("--address", required=True, help="address of the first node")
    parser.add_argument("--port", type=int, required=True, help="free port of the first node")
    options, program = split_program(sys.argv[1:])
    args = parser.parse_args(options)
    leave_signals_to_the_job()
    rank = node_rank(os.environ, args.starter)
    launcher = static_launcher(program, args.nodes, args.ranks_per_node, rank, (args.address, args.port))
    os.execve(launcher[0], launcher, os.environ | {AGENT: str(os.getpid())})  # noqa: S606  # there is no shell


if __name__ == "__main__":
    main()
