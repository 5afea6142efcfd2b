"""Indicators over bars, one per file, each a state that `extend` continues: whole series and pieces are one code."""
