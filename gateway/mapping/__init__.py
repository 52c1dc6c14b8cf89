"""The mapping language: CSV tables that users edit -> compiled programs -> draft shipments."""
