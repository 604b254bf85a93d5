"""Judging: from the rows of a run or an observation file to a verdict with bounds and doubts."""
