"""What was reported stolen: reports, what every site knows of them, and each sighting since."""
