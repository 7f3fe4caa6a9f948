"""Images by the thousand: listed once, pinned, read a page at a time."""
