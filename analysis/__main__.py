"""`python -m analysis RUN`: the verdict on a run folder as JSON, for processes that must not import what judges.

Locust's side asks it for the exit code of a plain `locust -f` and, while a run goes on, for the shares so far.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from analysis.exit_codes import ExitCode
from analysis.judgement import judge_folder
from analysis.reports.derived_files import write_derived
from analysis.reports.verdict_json import render_json
from scenarios.errors import SlagateError
from scenarios.run_folder import RunFolder


def main() -> int:
    """Print verdict.json of a run folder; the exit code is the verdict's."""
    parser = argparse.ArgumentParser(prog="python -m analysis", description=main.__doc__)
    parser.add_argument("run", type=Path, help="a run folder, ended or not")
    parser.add_argument(
        "--keep", action="store_true", help="write verdict.json and the other derived files into it"
    )
    given = parser.parse_args()
    folder = RunFolder.at(given.run)
    try:
        judged = judge_folder(folder)
    except SlagateError as error:
        print(error, file=sys.stderr)
        return ExitCode.WRONG_INPUT
    json.dump(render_json(judged.verdict), sys.stdout, ensure_ascii=False)
    for problem in write_derived(judged, folder.path).values() if given.keep else ():
        print(problem, file=sys.stderr)
    return judged.verdict.exit_code


if __name__ == "__main__":
    sys.exit(main())
