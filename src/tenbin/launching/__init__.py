"""Starting the processes of a training job on its nodes, and ending all of them: `ranks.start_ranks`."""
