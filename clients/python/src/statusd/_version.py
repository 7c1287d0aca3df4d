# Generated from the contract (package api) by internal/clientgen. Do not edit.
"""The version of this package is that of the contract."""

VERSION = "1.0.0"
