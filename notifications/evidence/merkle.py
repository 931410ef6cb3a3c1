"""Merkle trees as RFC 6962 grows them: nodes are paired from the left, and one that is left over goes up as it is."""

from collections.abc import Iterator, Sequence

from notifications.evidence.verify import climb, hash_leaf, hash_node


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root above the leaves' hashes. Raises ValueError where there are none."""
    *_lower, top = _levels(leaves)
    return top[0]


def path_to(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The hashes beside the way from the leaf at `index` up to the root, the lowest first: at most log2 of the leaves.

    Raises ValueError where there are no leaves, IndexError where there is none at `index`.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(f"There is no leaf {index} among {len(leaves)}.")
    path, here = [], index
    for level in _levels(leaves):
        beside = here ^ 1
        if beside < len(level):
            path.append(level[beside])
        here //= 2
    return tuple(path)


def check_path(line: bytes, index: int, count: int, path: Sequence[bytes], root: bytes) -> bool:
    """Whether `line` is the event at `index` of the `count` below `root`."""
    return climb(hash_leaf(line), index, count, path) == root


def _levels(leaves: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The leaves, the nodes above them, and so on up to the root alone."""
    if not leaves:
        raise ValueError("A tree without leaves has no root.")
    level = leaves
    while len(level) > 1:
        yield level
        pairs = iter(level)
        above = [hash_node(left, right) for left, right in zip(pairs, pairs, strict=False)]
        level = [*above, level[-1]] if len(level) % 2 else above
    yield level
