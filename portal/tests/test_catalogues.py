"""Guards over the Chinese catalogues: nothing that a reader may see is left in English.

After words changed: `python manage.py makemessages -l zh_Hans -l zh_Hant -i ".venv/*" -i "*/tests/*" --no-wrap
--add-location file --no-obsolete`, translate, `python manage.py compilemessages -i ".venv/*"`, commit .po and .mo.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.template import Node, NodeList, Template
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

ROOT = Path(settings.BASE_DIR)
APPS = ("accounts", "loans", "notifications", "portal")
LOCALES = ("zh_Hans", "zh_Hant")
FOR_FILTERS = {"yes,no"}
"""Not a sentence, but words that a filter takes apart at its commas."""
SCRIPTS = {"zh_Hans": "gb2312", "zh_Hant": "big5hkscs"}

Key = tuple[str | None, str]
"""Context and msgid."""


def catalogue(locale: str) -> polib.POFile:
    return polib.pofile(str(ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"))


def texts(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def key(entry: polib.POEntry) -> Key:
    return entry.msgctxt, entry.msgid


def keys_in_python(path: Path) -> Iterator[Key]:
    for call in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        words = [word.value for word in call.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        if re.fullmatch(r"_|n?gettext(_lazy)?", name) and words:
            yield None, words[0]
        elif re.fullmatch(r"n?pgettext(_lazy)?", name) and words:
            yield words[0], words[1]


def nodes_in(nodes: NodeList | list[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        for name in node.child_nodelists:
            yield from nodes_in(getattr(node, name, []))


def keys_in_template(path: Path) -> Iterator[Key]:
    source = path.read_text("utf-8")
    yield from ((None, words) for words in re.findall(r"\b_\(\"([^\"]+)\"\)", source))
    for node in nodes_in(Template(source).nodelist):
        if isinstance(node, TranslateNode):
            context = node.message_context
            yield context.var if context else None, node.filter_expression.var.literal
        elif isinstance(node, BlockTranslateNode):
            context = node.message_context
            yield context.var if context else None, node.render_token_list(node.singular)[0]


def keys_in_source() -> set[Key]:
    modules = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts]
    pages = [path for path in (ROOT / "templates").rglob("*") if path.suffix in {".html", ".txt"}]
    return {found for path in modules for found in keys_in_python(path)} | {
        found for path in pages for found in keys_in_template(path)
    }


@pytest.mark.parametrize("locale", LOCALES)
def test_every_word_of_code_and_pages_is_in_the_catalogue_and_no_other(locale: str) -> None:
    source, translated = keys_in_source(), {key(entry) for entry in catalogue(locale)}
    assert source - translated == set(), "not translated yet"
    assert translated - source == set(), "no longer used"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_entry_is_translated_and_none_is_a_guess(locale: str) -> None:
    for entry in catalogue(locale):
        assert all(texts(entry)), entry.msgid
        assert not entry.fuzzy, entry.msgid
        assert not entry.obsolete, entry.msgid


@pytest.mark.parametrize("locale", LOCALES)
def test_every_entry_keeps_its_placeholders(locale: str) -> None:
    placeholder = re.compile(r"%(?:\(\w+\))?[sd]")
    for entry in catalogue(locale):
        for text in texts(entry):
            assert sorted(placeholder.findall(text)) == sorted(placeholder.findall(entry.msgid)), entry.msgid


@pytest.mark.parametrize("locale", LOCALES)
def test_the_compiled_catalogue_is_the_written_one(locale: str) -> None:
    compiled = polib.mofile(str(ROOT / "locale" / locale / "LC_MESSAGES" / "django.mo"))
    assert {key(entry): texts(entry) for entry in compiled} == {key(entry): texts(entry) for entry in catalogue(locale)}


@pytest.mark.parametrize("locale", LOCALES)
def test_chinese_stands_in_one_script_with_its_own_punctuation(locale: str) -> None:
    for entry in (entry for entry in catalogue(locale) if entry.msgid not in FOR_FILTERS):
        for text in texts(entry):
            "".join(re.findall(r"[\u3400-\u9fff]", text)).encode(SCRIPTS[locale])
            assert not re.search(r"[\u3400-\u9fff] ?[,;:!?()'\"]|[,;:!?()'\"] ?[\u3400-\u9fff]", text), text
            assert ("“" not in text) if locale == "zh_Hant" else ("「" not in text), text
