"""What the commands of cli.py do; one module per command or group."""
