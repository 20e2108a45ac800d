"""Importing this module loads the detectors and their lexicons, for the server that workers are forked from."""

from __future__ import annotations

from crawler.workers import load_detectors

load_detectors()
