"""The structure of udf/ holds, and rooms.py would notice where it did not."""
import shutil
import subprocess

import pytest
import rooms

EMPTY = "void nothing(void)\n{\n}\n"


def test_the_structure_holds():
    assert rooms.faults(rooms.SOURCES, rooms.OBJECTS) == []


def test_no_circle_is_allowed():
    above: set = set()
    for room, below in rooms.ROOMS.items():
        assert set(below) <= above, room
        above.add(room)


def test_every_folder_is_a_room():
    folders = {rooms.room_of(path, rooms.SOURCES) for path in rooms.files(rooms.SOURCES)}
    assert folders == set(rooms.ROOMS)


@pytest.mark.parametrize(("file", "text", "says"), [
    ("base/new.c", '#include "json/json.h"\n', "base/new.c:1: base may not include json"),
    ("decode/fast/new.h", '#include "decode/decode.h"\n', "decode/fast/new.h:1: decode/fast may not include decode"),
    ("attic/new.c", '#include "json/json.h"\n', "attic/: a room that tests/structure/rooms.py does not know"),
    ("value/new.c", EMPTY * 300, "value/new.c: 900 lines, more than 700"),
    ("value/new.c", "int longer(void)\n{\n" + "    ;\n" * 61 + "}\n", "value/new.c:2: a function of 61 lines, more than 60"),
    ("value/new.c", "#include <unistd.h>\nlong ask(void)\n{\n    char c;\n    return read(0, &c, 1);\n}\n",
     "value/new.c: calls read, which host/ alone may"),
])
def test_a_fault_is_told(tmp_path, file, text, says):
    sources = tmp_path / "udf"
    shutil.copytree(rooms.SOURCES, sources)
    (sources / file).parent.mkdir(exist_ok=True)
    (sources / file).write_text(text)
    built = (tmp_path / "obj" / file).with_suffix(".o")
    built.parent.mkdir(parents=True)
    if "ask" in text:
        subprocess.run(["cc", "-O2", "-D_FORTIFY_SOURCE=2", "-c", "-o", built, sources / file], check=True)
    assert says in rooms.faults(sources, tmp_path / "obj")


def test_words_in_comments_and_strings_are_none(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "new.c").write_text('/* "\n{\n */ const char *text = "/*"; // }\n' + EMPTY)
    assert rooms.functions(rooms.without_comments((tmp_path / "base" / "new.c").read_text())) == [(5, 0)]
