"""A user's mistakes, told in one line."""


class ZooError(Exception):
    """A mistake that the user can mend: what was given, what is allowed, what to type instead.

    Commands print it as one line on standard error and end with exit code 2, without a traceback.
    """
