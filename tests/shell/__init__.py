"""Tests of gateway.shell."""
