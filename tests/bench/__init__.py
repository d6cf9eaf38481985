"""The benchmarks: what the bot costs beside real peers, measured in one run, printed as ratios."""
