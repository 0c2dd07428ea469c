"""The file adapters that runs use. They hold no state, so there is nothing to wire.

The container does not import this module: Arrow and pandas would slow the start of a service.
"""

from collections.abc import Sequence

from foreseen.adapters.spool.disk.output_trial import try_folder_of
from foreseen.adapters.spool.disk.waiting_writer import waited_for
from foreseen.adapters.spool.disk.whole_file import is_stream, whole_file
from foreseen.adapters.spool.output_claim import Claim, try_claim
from foreseen.adapters.spool.parts.parts_claim import PartsClaim
from foreseen.adapters.spool.run_identity.run_identity import InputDigest
from foreseen.adapters.spool.run_identity.run_identity import Origin as RunOrigin
from foreseen.adapters.spool.run_identity.source_digests import SourceDigests
from foreseen.adapters.spool.run_paths import Places, places
from foreseen.adapters.spool.stream_sink import StreamSink
from foreseen.adapters.tabular.csv.csv_encoder import CsvRejectsEncoder
from foreseen.adapters.tabular.file_layout import layout_of
from foreseen.adapters.tabular.output_files import output_file, try_output, try_rejects, try_summary
from foreseen.adapters.tabular.remote.remote_output import remove
from foreseen.adapters.tabular.remote.urls import is_remote
from foreseen.adapters.tabular.sources.file_listing import listed_sources
from foreseen.adapters.tabular.sources.remote_identity import look_again, remote_digest, why_once

__all__ = [
    "Claim",
    "CsvRejectsEncoder",
    "InputDigest",
    "PartsClaim",
    "Places",
    "RunOrigin",
    "SourceDigests",
    "StreamSink",
    "is_remote",
    "is_stream",
    "layout_of",
    "listed_sources",
    "output_file",
    "places",
    "remove",
    "source_digests",
    "try_claim",
    "try_folder_of",
    "try_output",
    "try_rejects",
    "try_summary",
    "waited_for",
    "whole_file",
    "why_once",
]


def source_digests(sources: Sequence[str]) -> SourceDigests:
    """Return what identifies the inputs of a run; raise TableError if a store does not answer."""
    return SourceDigests(sources, remote=remote_digest, is_remote=is_remote, look_again=look_again)
