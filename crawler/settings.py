"""Scrapy's settings for this crawler, each one away from the default for a reason."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from spiders.addresses import SERVICES

HOMEPAGE = "https://osai-index.eu"
SOFTWARE = f"osai-evidence/{version('osai-evidence')}"


def settings(**more: Any) -> dict[str, Any]:
    return {
        "BOT_NAME": "osai-evidence",
        "USER_AGENT": f"{SOFTWARE} (+{HOMEPAGE})",
        "DEFAULT_REQUEST_HEADERS": {"Accept": "*/*"},  # Scrapy asks for HTML first, which no service here answers with
        # both open a port that runs code
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        # tokens are sent and bytes are evidence
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "DOWNLOAD_HANDLERS": {
            "http": "crawler.streaming.StreamingHandler",
            "https": "crawler.streaming.StreamingHandler",
            **dict.fromkeys(("file", "data", "ftp", "s3")),
        },
        "TWISTED_DNS_RESOLVER": "crawler.guard.PublicResolver",
        # the cookie middleware fetches the public suffix list from outside
        "COOKIES_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "REFERRER_POLICY": "no-referrer",
        "ROBOTSTXT_OBEY": True,
        "RETRY_ENABLED": False,  # crawler.pace retries
        "REDIRECT_MAX_TIMES": 5,
        "DOWNLOAD_MAXSIZE": 16 * 1024 * 1024,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": 120,
        "DOWNLOAD_DELAY": 0.5,
        "DOWNLOAD_DELAY_JITTER": 0,
        "CONCURRENT_REQUESTS": 16,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
        "DOWNLOAD_SLOTS": {s.slot: {"concurrency": s.concurrency, "delay": s.delay, "jitter": 0} for s in SERVICES},
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 0,
        "WARN_ON_GENERATOR_RETURN_VALUE": False,  # 8 % of CPU
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # the spider asks each address once
        "DOWNLOADER_MIDDLEWARES": {
            "crawler.robots.StrictRobotsMiddleware": 100,
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            "crawler.guard.GuardMiddleware": 110,
            "crawler.guard.TokenMiddleware": 120,
            "crawler.pace.PaceMiddleware": 550,
            "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
            "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
            "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
        },
        "EXTENSIONS": {
            "crawler.archiving.ArchiveExtension": 10,
            "scrapy.extensions.logstats.LogStats": None,
            "scrapy.extensions.memusage.MemoryUsage": None,
        },
        "ITEM_PIPELINES": {
            "crawler.detecting.DetectPipeline": 100,
            "crawler.detecting.WritePipeline": 200,
        },
        "STATS_DUMP": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "LOG_LEVEL": "INFO",
        "OSAI_LONGEST_PAUSE": 900.0,
        **more,
    }
