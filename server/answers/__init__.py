"""What was measured, cut to what fits an answer: pure functions of evidence."""
