"""Answers that fit every input: the receipt, the reject file for a clerk, and the report for a machine."""
