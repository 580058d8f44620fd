"""Devices and processes to compute on."""
