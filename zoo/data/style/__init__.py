"""Images for style transfer."""
