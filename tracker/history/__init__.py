"""The registry under version control: revisions, changes, time travel, the change feed (docs/decisions/history.md)."""
