"""Merkle trees, against the definition in RFC 6962 and its reference figures."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.evidence.merkle import check_path, path_to, root_of
from notifications.evidence.verify import climb, hash_leaf

# No two alike, as an event's own id sees to: two equal leaves side by side have the same path.
lines = st.lists(st.binary(max_size=20), min_size=1, max_size=70, unique=True)

INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The roots over the first one, two, … inputs: the test data of Certificate Transparency."""


def naive_root(hashes: list[bytes]) -> bytes:
    """Section 2.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    split = largest_power_below(len(hashes))
    return sha256(b"\x01" + naive_root(hashes[:split]) + naive_root(hashes[split:])).digest()


def naive_path(index: int, hashes: list[bytes]) -> list[bytes]:
    """Section 2.1.1, word for word."""
    if len(hashes) == 1:
        return []
    split = largest_power_below(len(hashes))
    left, right = hashes[:split], hashes[split:]
    if index < split:
        return [*naive_path(index, left), naive_root(right)]
    return [*naive_path(index - split, right), naive_root(left)]


def largest_power_below(number: int) -> int:
    return 1 << (number - 1).bit_length() - 1


@pytest.mark.parametrize(("count", "root"), list(enumerate(ROOTS, 1)))
def test_the_roots_are_those_of_certificate_transparency(count: int, root: str) -> None:
    assert root_of([hash_leaf(bytes.fromhex(one)) for one in INPUTS[:count]]).hex() == root


@given(lines)
def test_the_tree_is_that_of_the_definition(events: list[bytes]) -> None:
    leaves = [hash_leaf(line) for line in events]
    assert root_of(leaves) == naive_root(leaves)
    for index in range(len(leaves)):
        assert list(path_to(leaves, index)) == naive_path(index, leaves)


@given(lines, st.data())
def test_a_path_shows_its_own_event_and_no_other(events: list[bytes], data: st.DataObject) -> None:
    leaves, count = [hash_leaf(line) for line in events], len(events)
    index = data.draw(st.integers(0, count - 1))
    path, root = path_to(leaves, index), root_of(leaves)
    assert check_path(events[index], index, count, path, root)
    assert not check_path(events[index] + b"x", index, count, path, root)
    elsewhere = data.draw(st.integers(-1, count + 1))
    assert check_path(events[index], elsewhere, count, path, root) == (elsewhere == index)


@given(lines, st.data())
def test_a_path_with_a_changed_a_lost_or_an_added_step_leads_nowhere(events: list[bytes], data: st.DataObject) -> None:
    leaves, count = [hash_leaf(line) for line in events], len(events)
    index = data.draw(st.integers(0, count - 1))
    path, root = path_to(leaves, index), root_of(leaves)
    assert climb(leaves[index], index, count, [*path, bytes(32)]) != root
    if path:
        place = data.draw(st.integers(0, len(path) - 1))
        changed = bytes([path[place][0] ^ 1]) + path[place][1:]
        assert climb(leaves[index], index, count, [*path[:place], changed, *path[place + 1 :]]) != root
        assert climb(leaves[index], index, count, [*path[:place], *path[place + 1 :]]) != root


def test_a_node_is_never_taken_for_an_event() -> None:
    """Without the two prefixes the concatenation of two leaves would be an event of the same root."""
    left, right = hash_leaf(b"a"), hash_leaf(b"b")
    assert not check_path(left + right, 0, 1, [], root_of([left, right]))


def test_there_is_no_tree_without_events_and_no_path_beside_it() -> None:
    with pytest.raises(ValueError, match="without leaves"):
        root_of([])
    with pytest.raises(IndexError, match="no leaf 2 among 2"):
        path_to([bytes(32), bytes(32)], 2)
