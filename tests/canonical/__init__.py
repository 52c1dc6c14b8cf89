"""Tests of gateway.canonical."""
