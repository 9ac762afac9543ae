"""Run directories: training, evaluating and reproducing."""
