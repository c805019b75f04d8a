# What tenbin needs on Wisteria-Aquarius. Source it in the shell that starts Snakemake; jobs source it themselves.
# Compute nodes do not see $HOME: environment and caches lie in the checkout, which belongs under /work.

TENBIN_CHECKOUT=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Python for Snakemake, compiler and CUDA for what GPT-NeoX compiles at its first start, MPI to reach other nodes.
if type module >/dev/null 2>&1; then
    module load aquarius python/3.11.7 gcc/12.2.0 cuda/12.6 ompi/4.1.1 || return
else
    echo 'environment.sh: no command `module` here, so no modules were loaded' >&2
fi

if [ -f "$TENBIN_CHECKOUT/.venv/bin/activate" ]; then
    source "$TENBIN_CHECKOUT/.venv/bin/activate"
fi

# Snakemake hands jobs the path of its cache, which is under $HOME unless this is set.
export XDG_CACHE_HOME=$TENBIN_CHECKOUT/.snakemake/cache
export TRITON_CACHE_DIR=$XDG_CACHE_HOME/triton
export CUDA_CACHE_PATH=$XDG_CACHE_HOME/cuda
mkdir -p "$XDG_CACHE_HOME"

# Nodes have several networks; torch must not try IPv6 first.
export NCCL_SOCKET_FAMILY=AF_INET
export GLOO_SOCKET_FAMILY=AF_INET
