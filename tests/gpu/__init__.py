"""What holds on a CUDA device only: half precision, CUDA graphs, real memory. Skipped where there is none."""
