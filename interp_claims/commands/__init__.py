"""The subcommands of ``interp-claims``, one topic a file; each adds its own to the parser."""
