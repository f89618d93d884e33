"""What keeps a sandbox from starting."""


class SandboxError(Exception):
    """A reason that a user can act on, in one line."""
