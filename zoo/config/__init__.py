"""Configuration: composed from YAML, validated, turned into objects."""
