"""``tastemaker doctor``: is this installation in order?"""

from __future__ import annotations

import click

from tastemaker._table import Table
from tastemaker.cli._doctor import examine
from tastemaker.cli._output import Answer, emit
from tastemaker.cli._verb import Session, verb


@verb("doctor")
@click.pass_context
def command(ctx: click.Context, session: Session) -> None:
    """Check this installation: versions, CPU, threads and why, libraries, data folders, a small fit of each model.

    Exits with 1 when something is wrong.
    """
    findings = list(examine(session.threads))
    wrong = [finding for finding in findings if not finding.fine]
    table = Table(
        {
            "check": [finding.check for finding in findings],
            "": ["ok" if finding.fine else "WRONG" for finding in findings],
            "found": [finding.found for finding in findings],
        }
    )
    facts = {
        "ok": not wrong,
        "checks": [{"check": f.check, "ok": f.fine, "found": f.found} for f in findings],
    }
    verdict = f"{len(wrong)} of {len(findings)} checks found something wrong." if wrong else "All is well."
    emit(session, Answer(facts, table, below=("", verdict)))
    if wrong:
        ctx.exit(1)
