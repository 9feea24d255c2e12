"""Files and folders by address: downloads with a hash, and repositories of a hub."""
