"""One file per pattern: its page, its thresholds, its check, its examples and near misses."""
