import os
import wave
from pathlib import Path

import pytest

from ivr.calls import recording
from ivr.calls.recording import RecordingState, check, file_of


def wav(file: Path, seconds: float) -> None:
    with wave.open(str(file), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8000)
        audio.writeframes(bytes(int(seconds * 16000)))


@pytest.mark.parametrize(
    ("seconds", "talk_s", "state"),
    [
        (60, 60, RecordingState.OK),
        (54, 60, RecordingState.OK),  # the notice took six seconds
        (43, 60, RecordingState.SHORT),
        (0, 0, RecordingState.SHORT),
        (1, 0, RecordingState.OK),
    ],
)
def test_a_file_is_as_long_as_the_talk(
    tmp_path: Path, seconds: float, talk_s: float, state: RecordingState
) -> None:
    wav(tmp_path / "1.wav", seconds)
    assert check(tmp_path / "1.wav", talk_s) is state


def test_what_is_no_recording(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    (tmp_path / "empty.wav").touch()
    assert check(tmp_path / "text.wav", 10) is RecordingState.SHORT
    assert check(tmp_path / "empty.wav", 10) is RecordingState.SHORT
    assert check(tmp_path / "none.wav", 10) is RecordingState.MISSING


def test_a_call_id_cannot_leave_the_folder() -> None:
    assert file_of("1795312800.1") == "recordings/1795312800.1.wav"
    assert file_of("../../etc/x") == "recordings/.._.._etc_x.wav"


def test_what_is_older_than_the_retention_is_deleted(tmp_path: Path) -> None:
    folder = tmp_path / recording.FOLDER
    folder.mkdir()
    for name, age in (("old.wav", 1000.0), ("new.wav", 3000.0), ("old.txt", 1000.0)):
        (folder / name).touch()
        os.utime(folder / name, (age, age))
    old = recording.outlived(tmp_path, before=2000.0)
    assert old == ["recordings/old.wav"]
    assert recording.delete(tmp_path, [*old, "recordings/gone.wav"]) == 1
    assert sorted(file.name for file in folder.iterdir()) == ["new.wav", "old.txt"]
    assert recording.outlived(tmp_path / "none", before=2000.0) == []
