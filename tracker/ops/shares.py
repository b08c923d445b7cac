"""How many connections each worker of a server has open, for all of them to see."""

import mmap
import struct

# More than there are processors to serve with; a worker beyond them shares the place of another, which does no harm.
PLACES = 256
FORM = struct.Struct("=i")
# Nobody works here.
NOBODY = -1


class OpenConnections:
    """Counts in memory that processes forked from here share; a worker is known by its age, as gunicorn numbers it."""

    def __init__(self) -> None:
        self.memory = mmap.mmap(-1, PLACES * FORM.size)
        for age in range(PLACES):
            self.leave(age)

    def of(self, age: int) -> int:
        """The number of a worker's open connections."""
        number: int = FORM.unpack_from(self.memory, self._place(age))[0]
        return max(number, 0)

    def note(self, age: int, number: int) -> None:
        """Say how many a worker has."""
        FORM.pack_into(self.memory, self._place(age), number)

    def leave(self, age: int) -> None:
        """Say that a worker is gone."""
        self.note(age, NOBODY)

    def another_has_fewer(self, age: int) -> bool:
        """Whether any worker that is there has fewer connections than this one."""
        own = self.of(age)
        return any(0 <= number < own for (number,) in FORM.iter_unpack(self.memory))

    def _place(self, age: int) -> int:
        return age % PLACES * FORM.size
