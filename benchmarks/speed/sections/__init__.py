"""One file a measure: ``TITLE`` and ``measure(setting)``, which returns Markdown and may draw figures."""
