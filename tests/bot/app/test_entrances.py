import hashlib
from pathlib import Path

from bot.app.entrances import status_line
from tests.bot.app.scene import Place, process


async def test_e20_the_status_says_the_digest_of_the_policy(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with process(place) as scene:
        assert "; policy none; " in status_line(scene.bot)
    raw = b"rules: [{name: roll, action: 'job_run:rollback', approvers: [owner]}]"
    (tmp_path / "knowledge" / "policy.yaml").write_bytes(raw)
    async with process(place) as scene:
        said = status_line(scene.bot)
    assert "actions: roll" in said
    assert f"; policy {hashlib.sha256(raw).hexdigest()[:12]}; " in said
