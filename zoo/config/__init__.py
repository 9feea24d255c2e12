"""Configuration: composes YAML, validates it and instantiates objects."""
