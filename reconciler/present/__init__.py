"""Plans, reports and sizes as text, Markdown and JSON; nothing is decided here."""
