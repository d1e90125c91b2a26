"""Writing a report: the page, the summary and the results side by side in a folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from interp_claims.files import make_folder, write_atomically
from interp_claims.report.folder import PAGE, RESULTS, SUMMARY, check_folder
from interp_claims.report.html.page import EvidenceOf, render_page
from interp_claims.report.results_json import read_run
from interp_claims.report.summary import summary_markdown


def write_report(
    results: Path,
    folder: Path,
    evidence: EvidenceOf,
    *,
    notes: Mapping[str, str],
    remark: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Path:
    """Write ``index.html``, ``summary.md`` and ``results.json`` to a folder.

    Args:
        results: what ``--claims-json`` wrote.
        folder: where to write; made if it is not there.
        evidence: definitions and pictured mazes, as far as there are any.
        notes: for policies that nothing could be pictured for, the reason, by name.
        remark: what there is to say about pictures as a whole.
        progress: called with how many claims are drawn and how many there are.

    Returns:
        The page.

    Raises:
        ResultsError: the file holds no results.
        FileError: something cannot be written; each file is either as it was or whole.
    """
    check_folder(folder)
    run = read_run(results)
    page = render_page(run, evidence, notes=notes, remark=remark, progress=progress)
    make_folder(folder)
    if (folder / RESULTS).absolute() != results.absolute():
        write_atomically(folder / RESULTS, results.read_bytes())
    write_atomically(folder / SUMMARY, summary_markdown(run))
    write_atomically(folder / PAGE, page)
    return folder / PAGE
