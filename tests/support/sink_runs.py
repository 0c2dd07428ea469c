"""Runs of a sink over some chunks, as the command has them, without a model."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from foreseen.adapters.spool.disk.disk_calls import Disk
from foreseen.adapters.spool.durable_sink import STEP_S, DurableSink
from foreseen.adapters.spool.output_claim import Claim
from foreseen.adapters.spool.run_identity.run_identity import InputDigest, Origin
from foreseen.adapters.spool.run_paths import Places
from foreseen.domain.tables.notices import RunNotices
from foreseen.domain.tables.table import Chunk, Piece, Reject, Scored
from foreseen.domain.values.predictions import Predictions

ORIGIN = Origin((InputDigest("in.csv", 5, "ab" * 32),), "m" * 32, {"outputs": "predict"})

REJECT = Reject("in.csv", 3, "a", "expected 1", "x")
CHUNKS: Sequence[tuple[bytes, Sequence[Reject]]] = (
    (b"one\n", ()),
    (b"two\n", ()),
    (b"", (REJECT, REJECT)),
    (b"three\nfour\n", (REJECT,)),
    (b"five\n", ()),
)
ROWS = b"head\none\ntwo\nthree\nfour\nfive\n"
REJECTS = b"rejects\nline 3\nline 3\nline 3\n"


class Encoder:
    """A format of lines, or one that is a file only between two marks."""

    def __init__(self, *, has_to_be_sealed: bool) -> None:
        self.has_to_be_sealed = has_to_be_sealed

    def begin(self) -> bytes:
        return b"head\n"

    def encode(self, chunk: Chunk, predictions: Predictions) -> bytes:
        raise NotImplementedError

    def seal(self, spool: BinaryIO, out: BinaryIO) -> None:
        out.write(b"<")
        out.write(spool.read())
        out.write(b">")


class RejectsEncoder:
    """Lines."""

    def begin(self) -> bytes:
        return b"rejects\n"

    def encode(self, rejects: Sequence[Reject]) -> bytes:
        return b"".join(f"line {one.line}\n".encode() for one in rejects)


def piece_of(chunk: int) -> Piece:
    """Return a piece of a chunk, whatever it holds."""
    return Piece(chunk, 0, 2, {"prediction": [1.5]}, {1: ("expected 1", True)})


@dataclass
class Clock:
    """A clock that moves only when it is set."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Run:
    """A run and its options; `chunks_a_step` chunks are written between two steps."""

    folder: Path
    is_sealed: bool = False
    is_rejects_named: bool = False
    has_rejects: bool = True
    has_pieces: bool = False
    force: bool = False
    resume: bool = True
    origin: Origin = ORIGIN
    chunks_a_step: int = 2
    clock: Clock = field(default_factory=Clock)

    @property
    def places(self) -> Places:
        return Places("out.csv", self.folder / "out.csv", self.folder / "out.csv.rejects.csv", self.is_rejects_named)

    @property
    def expected(self) -> dict[str, bytes]:
        """What is in the folder when it has come to its end."""
        files = {"out.csv": b"<" + ROWS + b">" if self.is_sealed else ROWS}
        if self.has_rejects or self.is_rejects_named:
            files["out.csv.rejects.csv"] = REJECTS if self.has_rejects else b"rejects\n"
        return files

    def sink(self, disk: Disk | None = None, notices: RunNotices | None = None) -> DurableSink:
        """Begin or go on."""
        claim = Claim(self.places, force=self.force, resume=self.resume, disk=disk, clock=self.clock)
        try:
            encoder = Encoder(has_to_be_sealed=self.is_sealed)
            return claim.sink(encoder, rejects_encoder=RejectsEncoder(), origin=lambda: self.origin, notices=notices)
        except Exception:
            claim.release()
            raise

    def __call__(self, disk: Disk | None = None) -> None:
        """Go from where it is to its end."""
        sink = self.sink(disk)
        if not sink.is_whole:
            self.write(sink)
        sink.finish()

    def write(self, sink: DurableSink, chunks: int = len(CHUNKS)) -> None:
        """Write chunks that are not written yet, up to this number."""
        for rows, rejects in CHUNKS[sink.scored.chunks : chunks]:
            kept = rejects if self.has_rejects else ()
            was = sink.scored
            if self.has_pieces:
                self.clock.now += STEP_S
                sink.note(piece_of(was.chunks))
            self.clock.now += STEP_S / self.chunks_a_step
            sink.write(rows, kept, Scored(was.chunks + 1, was.rows + rows.count(b"\n"), was.rejected + len(kept)))

    def but(self, **changes: object) -> "Run":
        """Return another one."""
        return replace(self, **changes)  # type: ignore[arg-type]
