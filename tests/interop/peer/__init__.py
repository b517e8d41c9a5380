"""A small peer of Internode's protocol, written from PROTOCOL.md alone, with the standard library alone."""
