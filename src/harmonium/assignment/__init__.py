"""The assignment that harmonium grew out of: three problems, their runs, measures and report."""
