"""Builds the documentation as a site: `python -m sphinx -W docs build/docs` (extra `docs`)."""

from __future__ import annotations

from importlib.metadata import version as installed

project = "osai-evidence"
author = "The osai-evidence developers"
version = release = installed("osai-evidence")
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "osai-evidence"
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"top_of_page_buttons": []}
