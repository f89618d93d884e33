"""The outcome of a run, as `--json` prints it and the report shows it."""

from __future__ import annotations

import msgspec

from reaper_tui.model.retrying import RetryCount


class Party(msgspec.Struct, frozen=True):
    """One side of the clone; `id` is written as a string."""

    id: str
    name: str


class StructureCount(msgspec.Struct):
    """How many items of one kind were planned and what became of them."""

    planned: int = 0
    created: int = 0
    reused: int = 0
    failed: int = 0


class MessageCount(msgspec.Struct):
    """Every source message in exactly one class."""

    source: int = 0
    sent: int = 0
    merged: int = 0
    skipped: dict[str, int] = {}
    failed: int = 0
    uncertain: int = 0
    pending: int = 0

    @property
    def balances(self) -> bool:
        """Return whether the classes sum to the source."""
        return self.source == (
            self.sent + self.merged + sum(self.skipped.values()) + self.failed + self.uncertain + self.pending
        )


class AttachmentCount(msgspec.Struct):
    """Files seen, sent, and left behind as visible placeholders; `bytes` were sent."""

    source: int = 0
    sent: int = 0
    placeholder: int = 0
    bytes: int = 0


class ChangeCount(msgspec.Struct):
    """What became of changes to messages after they were read; `impossible` on this target."""

    applied: int = 0
    impossible: int = 0
    failed: int = 0
    pending: int = 0


class HttpCount(msgspec.Struct):
    """Requests of the run."""

    requests: int = 0
    status_429: int = 0
    retries: int = 0
    limit_wait_s: float = 0.0


class RunTotal(msgspec.Struct):
    """All runs and retries of a profile together."""

    runs: int = 0
    requests: int = 0
    status_429: int = 0
    retries: int = 0
    limit_wait_s: float = 0.0
    duration_s: float = 0.0


class Verification(msgspec.Struct):
    """What reading the target back found; `details` are lines a person can act on.

    `mendable` of the differences are what a retry can set right.
    """

    checked: int = 0
    missing: int = 0
    extra: int = 0
    changed: int = 0
    out_of_order: int = 0
    unreadable: int = 0
    mendable: int = 0
    details: list[str] = []

    @property
    def is_clean(self) -> bool:
        """Return whether source and target agree."""
        return not (self.missing or self.extra or self.changed or self.out_of_order or self.unreadable)


class Failure(msgspec.Struct, frozen=True):
    """A message, file or item that was not carried over, and why; ids are strings."""

    what: str
    name: str
    cause: str
    channel_id: str = ""
    message_id: str = ""


class Summary(msgspec.Struct):
    """A run from end to end; `verify` is None until it ran."""

    run_id: int
    state: str
    source: Party
    target: Party
    structure: dict[str, StructureCount]
    messages: MessageCount
    attachments: AttachmentCount
    http: HttpCount
    verify: Verification | None = None
    duration_s: float = 0.0
    peak_rss_mb: float = 0.0
    note: str = ""
    failures: list[Failure] = []
    exclusions: list[str] = []
    changes: dict[str, ChangeCount] = {}
    retry: RetryCount | None = None
    total: RunTotal = msgspec.field(default_factory=RunTotal)

    @property
    def is_faithful(self) -> bool:
        """Return whether the run may be shown green: done, nothing failed, uncertain or pending, verified clean."""
        return (
            self.state == "done"
            and self.messages.balances
            and not (self.messages.failed or self.messages.uncertain or self.messages.pending)
            and not any(count.failed for count in self.structure.values())
            and not any(count.failed for count in self.changes.values())
            and (self.verify is None or self.verify.is_clean)
        )
