"""Made-up frames, and a real browser where there is one."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

DATES = pd.to_datetime(["2026-08-01", "2026-09-01", "2026-10-01"])
HOSTILE = ["<script>alert(1)</script>", "</script><img src=x onerror=alert(2)>", '" onmouseover="alert(3)', "{{ 7*7 }}"]


@pytest.fixture
def scores() -> pd.DataFrame:
    return made_scores(6)


@pytest.fixture
def drivers(scores: pd.DataFrame) -> pd.DataFrame:
    """Three drivers an account and target on every date: a lever, a signal, and one whose sign is not stable."""
    rows = []
    for account, as_of in scores.index:
        for target in ("churn", "upsell", "health"):
            for rank, (feature, role, points, stable) in enumerate(
                [("shaky", "context", 0.9, False), ("seats", "lever", 0.5, True), ("nps", "signal", -0.25, True)], 1
            ):
                said = f"{feature} of {account} on {as_of:%Y-%m-%d} for {target}"
                rows.append(
                    (account, as_of, target, rank, feature, "usage", points, role, stable, said, f"日本語 {said}")
                )
    columns = ["account_id", "as_of", "target", "rank", "feature", "theme", "points", "role", "stable"]
    return pd.DataFrame(rows, columns=[*columns, "sentence_en", "sentence_ja"])


@pytest.fixture
def many_scores() -> pd.DataFrame:
    return made_scores(20_000)


def made_scores(count: int) -> pd.DataFrame:
    ids = [f"a{number:05d}" for number in range(count)]
    index = pd.MultiIndex.from_product([ids, DATES], names=["account_id", "as_of"])
    step = np.arange(len(index))
    health = 20.0 + (step * 7) % 61
    frame = pd.DataFrame({"health": health, "health_low": health - 5, "health_high": health + 5}, index=index)
    frame["band"] = np.select([health < 40, health >= 60], ["red", "green"], "yellow")
    frame["p_churn"], frame["p_upsell"] = 0.01 + (step % 10) / 20, 0.02 + (step % 7) / 20
    frame["mrr"] = 100.0 * (1 + step // len(DATES))
    names = [HOSTILE[number] if number < len(HOSTILE) else f"顧客 {number}" for number in range(count)]
    return frame.assign(name=np.repeat(names, len(DATES)), scorecard_version="v3", model_version="m14")


class Browser:
    """A headless Chromium spoken to through two pipes; remembers every message, request and error of a page."""

    def __init__(self, program: str, folder: Path) -> None:
        (to_read, self._to), (self._from, from_write) = os.pipe(), os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
        flags += ["--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder}"]

        def move() -> None:  # the browser reads at 3 and writes at 4
            read, write = os.dup(to_read), os.dup(from_write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self._process = subprocess.Popen(
            [program, *flags, "--remote-debugging-pipe", "about:blank"],
            preexec_fn=move,  # noqa: PLW1509  single-threaded
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_read)
        os.close(from_write)
        self._ids, self._waiting, self._session = itertools.count(1), b"", None
        self.events: list[dict[str, Any]] = []
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        message: dict[str, Any] = {"id": next(self._ids), "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == message["id"]:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._waiting:
            piece = os.read(self._from, 1 << 20)
            assert piece, "the browser has gone"
            self._waiting += piece
        message, self._waiting = self._waiting.split(b"\0", 1)
        found = json.loads(message)
        if "method" in found:
            self.events.append(found)
        return found

    def open(self, path: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=path.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self._next()

    def run(self, script: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def complaints(self) -> list[dict[str, Any]]:
        kinds = {"Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"}
        return [event for event in self.events if event["method"] in kinds]

    def requests(self) -> list[str]:
        sent = [
            event["params"]["request"]["url"] for event in self.events if event["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in sent if not url.startswith("data:")]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(30)
        os.close(self._to)
        os.close(self._from)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chromium-browser")
    if program is None and os.environ.get("CI"):
        pytest.fail("no Chromium on this machine, and CI is where pages must be seen")
    if program is None:
        pytest.skip("no Chromium on this machine")
    found = Browser(program, tmp_path_factory.mktemp("browser"))
    yield found
    found.close()
