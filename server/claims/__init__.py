"""Claims to suppliers: of a closed receipt's differences, or of units that failed. One document, one life."""
