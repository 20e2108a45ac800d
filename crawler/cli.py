"""The command line. Each command is one module below `crawler/commands/`, loaded when it is called."""

from __future__ import annotations

import importlib
import sys

import click

COMMANDS = {
    "changes": "crawler.commands.changes",
    "compare": "crawler.commands.compare",
    "crawl": "crawler.commands.crawl",
    "demo": "crawler.commands.demo",
    "export": "crawler.commands.export",
    "history": "crawler.commands.history",
    "inspect": "crawler.commands.inspect",
    "lint": "crawler.commands.lint",
    "nightly": "crawler.commands.nightly",
    "propose": "crawler.commands.propose",
    "reanalyse": "crawler.commands.reanalyse",
    "report": "crawler.commands.report",
    "verify": "crawler.commands.verify",
}


class LazyGroup(click.Group):
    """Commands by name; importing Scrapy to print a help page would take a second."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(COMMANDS[cmd_name]).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="osai-evidence")
def cli() -> None:
    """Collect evidence about how open AI models really are.

    \b
    osai-evidence demo                               a small release, offline
    osai-evidence crawl deepseek-ai/DeepSeek-R1      a real one
    osai-evidence inspect model-card README.md       a file of your own
    """


def main() -> None:
    sys.exit(cli())
