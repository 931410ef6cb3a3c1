"""XML of partners in constant memory: no DTD, no entities, no network, no text or depth beyond libxml2's limits."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final, Literal, cast

from lxml import etree

from loans.intake.records import Code, Refusal, UnreadableFile

Event = tuple[Literal["start", "end", "flood"], etree._Element]

_CHUNK_BYTES: Final = 65_536
_HEAD_BYTES: Final = 1_048_576
_HEAD_ELEMENTS: Final = 2_000
FLOOD_BYTES: Final = 1_048_576


def local_name(tag: str) -> str:
    """The tag without its namespace."""
    return tag.rpartition("}")[2]


@dataclass(slots=True)
class Head:
    """The start of a document, up to the first element whose local name is wanted. `tags[0]` is the root's."""

    wanted: frozenset[str]
    tags: list[str] = field(default_factory=list)
    doctype_seen: bool = False
    found: bool = False

    def doctype(self, *_said: object) -> None:
        self.doctype_seen = True

    def start(self, tag: str, _attributes: object) -> None:
        if not self.known:
            self.tags.append(tag)
            self.found = local_name(tag) in self.wanted

    def close(self) -> None:
        """lxml asks a target for its result; all is in the fields."""

    @property
    def known(self) -> bool:
        return self.doctype_seen or self.found or len(self.tags) == _HEAD_ELEMENTS


def read_head(content: BinaryIO, name: str, wanted: frozenset[str]) -> Head:
    """Read from here up to the first wanted element, at most the first megabyte or two thousand elements.

    Raises UnreadableFile when it is no XML, or has a DOCTYPE: ISO 20022 knows none, and attacks by entities need one.
    """
    head = Head(wanted)
    read = bytearray()
    try:
        _feed_head(content, head, read)
    except etree.XMLSyntaxError as error:
        if not head.doctype_seen:
            raise UnreadableFile(_refusal(error, name)) from None
    if head.doctype_seen:
        line = _line_of_doctype(bytes(read))
        reason = "holds a DOCTYPE, which no ISO 20022 message has; the file was not read any further"
        raise UnreadableFile(Refusal(name, f"line {line}", reason, Code.DOCTYPE))
    return head


def events(content: BinaryIO, name: str, root: str, tags: tuple[str, ...], whole: frozenset[str]) -> Iterator[Event]:
    """Start and end of every element tagged `root` or, in any namespace, one of `tags`.

    Siblings are cut off once read, save inside an open element that is to stay `whole`. When more than FLOOD_BYTES come
    without an event, its inside is cut off as well, and a "flood" event says so.
    Raises UnreadableFile where the document stops being well-formed.
    """
    parser = _pull_parser(root, tags)
    top: etree._Element | None = None
    quiet = 0
    try:
        while chunk := content.read(_CHUNK_BYTES):
            parser.feed(chunk)
            quiet += len(chunk)
            for event, element in parser.read_events():
                if isinstance(element, etree._Element):
                    top, quiet = (element if top is None else top), 0
                    yield ("start" if event == "start" else "end"), element
            if top is not None:
                flooded = quiet > FLOOD_BYTES
                if flooded:
                    yield "flood", top
                _cut_off_what_is_read(top, frozenset() if flooded else whole)
        parser.close()
    except etree.XMLSyntaxError as error:
        raise UnreadableFile(_refusal(error, name)) from None


def _pull_parser(root: str, tags: tuple[str, ...]) -> etree.XMLPullParser:
    return etree.XMLPullParser(
        ("start", "end"),
        tag=(root, *(f"{{*}}{tag}" for tag in tags)),
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )


def _cut_off_what_is_read(top: etree._Element, whole: frozenset[str]) -> None:
    """Only the last child of an element can still be open; what stands before it has been read."""
    element = top
    while len(element) and local_name(str(element.tag)) not in whole:
        del element[:-1]
        element = element[-1]


def _feed_head(content: BinaryIO, head: Head, read: bytearray) -> None:
    target = cast("etree.ParserTarget", head)  # lxml calls only what a target has
    parser = etree.XMLParser(target=target, resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    while not head.known and len(read) < _HEAD_BYTES:
        chunk = content.read(_CHUNK_BYTES)
        if not chunk:
            parser.close()
            return
        read += chunk
        parser.feed(chunk)


def _line_of_doctype(read: bytes) -> int:
    """Dropping NULs makes the markup of UTF-16 look like ASCII."""
    return read.replace(b"\0", b"").partition(b"<!DOCTYPE")[0].count(b"\n") + 1


def _refusal(error: etree.XMLSyntaxError, name: str) -> Refusal:
    said = (error.msg or "no element found").partition(", line ")[0].strip()
    code = Code.MALFORMED
    if "ncoding" in said:
        code = Code.ENCODING
    elif "XML_PARSE_HUGE" in said or "too big" in said:
        code, said = Code.TOO_LARGE, said.partition(", ")[0]
    return Refusal(name, f"line {error.lineno or 1}", f"cannot be read as XML: {said}", code)
