"""Answers JSON requests, one a line on stdin, with the methods of an object; one JSON answer a line on stdout."""

from __future__ import annotations

import json
import sys


def answer_lines(peer) -> None:
    for line in sys.stdin:
        request = json.loads(line)
        verb = request.pop("do")
        try:
            answer = getattr(peer, verb)(**request)
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
