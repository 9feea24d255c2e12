"""Images of identities."""
