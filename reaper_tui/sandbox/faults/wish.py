"""What somebody asks for: a fault's name, and how often and how hard it is to strike."""

import difflib
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec

from reaper_tui.sandbox.errors import SandboxError
from reaper_tui.sandbox.faults.catalogue import BOTH, CATALOGUE, KNOWN

_Duration = Annotated[float, msgspec.Meta(ge=0, le=86_400)]
_Number = Annotated[int, msgspec.Meta(ge=1)]


class FaultError(SandboxError):
    """A fault that does not exist, or not like this."""


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A fault by name; whatever is None is as the catalogue has it.

    `after` requests go through first; then every `every`th strikes, or each with `probability`, at most `count` times
    and for `seconds`. `only` narrows it to requests such as "POST /guilds/:id/roles".
    """

    name: str
    probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    every: _Number | None = None
    count: _Number | None = None
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    seconds: _Duration | None = None
    delay: _Duration | None = None
    retry_after: _Duration | None = None
    offset: Annotated[float, msgspec.Meta(ge=-86_400, le=86_400)] | None = None
    only: str | None = None

    @property
    def fault_name(self) -> str:
        """The catalogue's name, without a side in front."""
        return _split(self.name)[1]

    @property
    def sides(self) -> tuple[str, ...]:
        """Which servers it is for."""
        side, name = _split(self.name)
        return (side,) if side else CATALOGUE[name].sides

    def completed(self) -> "Wish":
        """Return the wish with the catalogue's values where it says nothing."""
        fault = CATALOGUE[self.fault_name]
        usual: dict[str, Any] = dict(fault.usual)
        if self.probability is not None or self.every is not None:
            usual.pop("probability", None)
            usual.pop("every", None)
        missing = {key: value for key, value in usual.items() if getattr(self, key) is None}
        return msgspec.structs.replace(self, only=self.only or fault.only, **missing)


def wish_of(asked: str | Wish) -> Wish:
    """Return the wish that `NAME` or `NAME:key=value,key=value` stands for; raise FaultError if there is none."""
    if isinstance(asked, Wish):
        wish = asked
    else:
        name, _, parameters = asked.partition(":")
        try:
            pairs = dict(pair.strip().split("=", 1) for pair in parameters.split(",") if pair.strip())
            wish = msgspec.convert({"name": name, **pairs}, Wish, strict=False)
        except (msgspec.ValidationError, ValueError) as error:
            raise FaultError(f"fault {name}: {error}; write {name}:probability=0.1,count=5") from error
    name = _split(wish.name)[1]
    if name not in CATALOGUE:
        if name == "list":
            raise FaultError(f"the faults are: {', '.join(KNOWN)}")
        known = f"; known: {', '.join(KNOWN)}"
        raise FaultError(f"unknown fault {wish.name}{_guess(wish.name) or known}")
    return wish


def wishes_of(asked: Sequence[str | Wish]) -> tuple[Wish, ...]:
    """Return the wishes, each once."""
    return tuple(dict.fromkeys(wish_of(each) for each in asked))


def _split(name: str) -> tuple[str, str]:
    side, _, rest = name.partition("-")
    if name not in CATALOGUE and side in BOTH and rest in CATALOGUE and side in CATALOGUE[rest].sides:
        return side, rest
    return "", name


def _guess(name: str) -> str:
    close = difflib.get_close_matches(name, KNOWN, n=1)
    return f", did you mean {close[0]}?" if close else ""
